//! Persistence: values and whole keyspaces as bytes that outlive the process.
//!
//! | part | what |
//! |---|---|
//! | [`rdb`] | Redis's serialisation of values: what DUMP gives out, RESTORE takes, and dump.rdb consists of |

pub mod rdb;
