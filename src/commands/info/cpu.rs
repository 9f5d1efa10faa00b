//! INFO cpu: processor time of this process, and of the thread that answers, which stands where Redis has its one
//! main thread.

use super::super::Ctx;
use super::Fields;
use crate::engine::process::{CpuTime, Whose, cpu_time};
use crate::storage::NoMemory;

pub(super) fn write(_: &mut Ctx, fields: &mut Fields) -> Result<(), NoMemory> {
    let rows = [(Whose::Process, ""), (Whose::Children, "_children"), (Whose::Thread, "_main_thread")];
    for (whose, suffix) in rows {
        let CpuTime { system_us, user_us } = cpu_time(whose);
        for (mode, us) in [("sys", system_us), ("user", user_us)] {
            let seconds = format_args!("{}.{:06}", us / 1_000_000, us % 1_000_000);
            fields.add_of("used_cpu", format_args!("{mode}{suffix}"), seconds);
        }
    }
    Ok(())
}
