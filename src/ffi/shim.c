/* What stable Rust cannot define. */
typedef int rs_shim_not_empty;
