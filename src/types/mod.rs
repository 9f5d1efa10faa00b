//! The data types: pure structures that know no keys, clients or replies.
