//! Stored values into payloads and back: where the codecs meet the types.
//!
//! | file | what |
//! |---|---|
//! | `save` | a stored value into the encoding that Redis 7.0 would have it in |
//! | `load` | a body of any encoding into a value that belongs to no key yet |
//! | `stream` | both for streams |

mod load;
mod save;
mod stream;

pub use load::{Loaded, Rules, load, load_payload};
pub use save::{Saved, save_payload};
