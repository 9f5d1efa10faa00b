//! Giving entries to consumers of a group: new ones become pending, old ones are shown again.

use super::{reply_entry, reply_id};
use crate::keyspace::NoMemory;
use crate::resp::ReplyWriter;
use crate::types::stream::{ConsumerId, Group, Id, Log, Pending, Stream};

/// Who reads, and how much.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    pub consumer: ConsumerId,
    /// At most so many entries; 0 is no limit.
    pub count: u64,
    /// What is read need not be acknowledged.
    pub is_noack: bool,
    pub now_ms: i64,
}

/// Replies the entries that nobody in the group has read yet.
///
/// # Errors
/// If there is no memory to note an entry, which is then unread, as are those after it.
pub fn unread(reply: &mut ReplyWriter, log: &Log, group: &mut Group, reader: Reader) -> Result<(), NoMemory> {
    let mark = reply.begin();
    let mut written = 0;
    let start = group.last_id.next().unwrap_or(Id::MIN);
    for entry in log.range(start, Id::MAX) {
        if !reader.is_noack {
            // It may be another consumer's, if the group was set back.
            let pending = Pending { consumer: reader.consumer, delivered_ms: reader.now_ms, deliveries: 1 };
            group.assign(entry.id, pending)?;
        }
        if entry.id > group.last_id {
            Stream::advance(log, group, entry.id);
        }
        reply_entry(reply, &entry);
        written += 1;
        if written as u64 == reader.count {
            break;
        }
    }
    reply.end_array(mark, written);
    Ok(())
}

/// Replies the entries after `last` that are pending for a consumer. One that was deleted since has no fields.
pub fn history(reply: &mut ReplyWriter, log: &Log, group: &mut Group, reader: Reader, last: Id) {
    let mark = reply.begin();
    let mut written = 0;
    let mut start = last.next();
    let next_own = |group: &Group, start| group.consumer(reader.consumer)?.pending_from(start).next();
    while let Some(id) = start.and_then(|start| next_own(group, start)) {
        match log.get(id) {
            Some(entry) => {
                reply_entry(reply, &entry);
                group.deliver_again(id, reader.now_ms);
            }
            None => {
                reply.array(2);
                reply_id(reply, id);
                reply.null_array();
            }
        }
        written += 1;
        if written as u64 == reader.count {
            break;
        }
        start = id.next();
    }
    reply.end_array(mark, written);
}
