//! LOLWUT: the version, and computer art for those who ask for the art of Redis 5 or 6.

use super::connection::REDIS_VERSION;
use super::{Args, CmdResult, CommandError, Ctx};
use crate::engine::random::Random;
use crate::storage::{NoMemory, Text};

/// Widest and highest picture in characters, as in Redis.
const SIDE_MAX: usize = 1000;
/// Most squares in a row or column of the picture of version 5, as in Redis.
const SQUARES_MAX: usize = 200;

/// LOLWUT [VERSION version [argument ...]].
pub fn lolwut(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let has_version = args.len() >= 3 && args.is(1, "version");
    let version = if has_version { args.int(2)? } else { 7 };
    let numbers = if has_version { 3 } else { 1 };
    let number = |n: usize, default: i64, max: usize| {
        let value = if numbers + n < args.len() { args.int(numbers + n)? } else { default };
        Ok::<usize, CommandError>(usize::try_from(value.max(1)).unwrap_or(max).min(max))
    };
    let mut text = match version {
        5 => {
            let (columns, per_row) = (number(0, 66, SIDE_MAX)?, number(1, 8, SQUARES_MAX)?);
            schotter(columns, per_row, number(2, 12, SQUARES_MAX)?, &mut ctx.session.random)?
        }
        6 => skyline(number(0, 80, SIDE_MAX)?, number(1, 20, SIDE_MAX)?, &mut ctx.session.random)?,
        _ => Text::new(),
    };
    text.put(format_args!("Redis ver. {REDIS_VERSION}\n"));
    ctx.reply.verbatim("txt", &text.finish()?);
    Ok(())
}

/// A random number in -1..1.
fn noise(random: &mut Random) -> f64 {
    (random.bits() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// Black dots on a white sheet, eight to a character.
struct Canvas {
    columns: usize,
    rows: usize,
    /// Braille patterns, whose bits are the dots.
    cells: Vec<u8>,
}

impl Canvas {
    fn new(columns: usize, rows: usize) -> Result<Self, NoMemory> {
        Ok(Self { columns, rows, cells: zeros(columns * rows)? })
    }

    fn dot(&mut self, x: f64, y: f64) {
        // Numbering of the dots in Unicode: three down, three down, then the two at the bottom.
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        if x >= 0.0 && y >= 0.0 && x < (self.columns * 2) as f64 && y < (self.rows * 4) as f64 {
            let (x, y) = (x as usize, y as usize);
            self.cells[y / 4 * self.columns + x / 2] |= BITS[y % 4][x % 2];
        }
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil().max(1.0);
        for step in 0..=steps as usize {
            let part = step as f64 / steps;
            self.dot(from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part);
        }
    }

    fn text(&self) -> Text {
        let mut text = Text::new();
        for cells in self.cells.chunks(self.columns) {
            let letters = cells.iter().filter_map(|cell| char::from_u32(0x2800 + u32::from(*cell)));
            letters.for_each(|letter| text.put(format_args!("{letter}")));
            text.push(b"\n");
        }
        text
    }
}

/// After Georg Nees: rows of squares that lose their order on the way down.
fn schotter(columns: usize, per_row: usize, per_column: usize, random: &mut Random) -> Result<Text, NoMemory> {
    let side = columns as f64 * 2.0 / per_row as f64;
    let rows = ((side * per_column as f64) as usize).div_ceil(4).clamp(1, SIDE_MAX);
    let mut canvas = Canvas::new(columns, rows)?;
    for row in 0..per_column {
        let disorder = row as f64 / per_column as f64;
        for column in 0..per_row {
            let centre = (
                side * (column as f64 + 0.5 + noise(random) * disorder / 3.0),
                side * (row as f64 + 0.5 + noise(random) * disorder / 3.0),
            );
            let angle = noise(random) * disorder;
            let corner = |n: usize| {
                let direction = angle + std::f64::consts::FRAC_PI_4 * (2 * n + 1) as f64;
                let radius = side * std::f64::consts::FRAC_1_SQRT_2 * 0.95;
                (centre.0 + radius * direction.cos(), centre.1 + radius * direction.sin())
            };
            for n in 0..4 {
                canvas.line(corner(n), corner(n + 1));
            }
        }
    }
    let mut text = canvas.text();
    text.push(b"\nAfter Georg Nees - schotter, plotter on paper, 1968. ");
    Ok(text)
}

/// Buildings before the night sky, in the grey tones of a terminal.
fn skyline(columns: usize, rows: usize, random: &mut Random) -> Result<Text, NoMemory> {
    const TONES: [&str; 3] = ["\x1b[0;30;40m \x1b[0m", "\x1b[0;90;100m \x1b[0m", "\x1b[0;97;107m \x1b[0m"];
    let mut tones = zeros(columns * rows)?;
    // The far ones first, so that the near ones stand before them.
    for (tone, tallest) in [(1_u8, 0.9), (2, 0.6)] {
        let mut left = 0;
        while left < columns {
            let width = 3 + (random.below(8)) as usize;
            let height = (rows as f64 * tallest * (0.55 + 0.45 * noise(random))) as usize;
            for x in left..columns.min(left + width) {
                for y in rows - height.min(rows)..rows {
                    // Lit windows in the near ones.
                    let is_window = tone == 2 && (x - left) % 2 == 1 && y % 2 == 1 && random.below(3) == 0;
                    tones[y * columns + x] = if is_window { 0 } else { tone };
                }
            }
            left += width + (random.below(3)) as usize;
        }
    }
    let mut text = Text::new();
    for row in tones.chunks(columns) {
        row.iter().for_each(|tone| text.push(TONES[usize::from(*tone)].as_bytes()));
        text.push(b"\n");
    }
    text.push(b"\n");
    Ok(text)
}

fn zeros(count: usize) -> Result<Vec<u8>, NoMemory> {
    let mut zeros = Vec::new();
    zeros.try_reserve_exact(count)?;
    zeros.resize(count, 0);
    Ok(zeros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_have_the_size_asked_for() {
        let random = &mut Random::new(1);
        let shown = |text: Result<Text, NoMemory>| String::from_utf8(text.and_then(Text::finish).unwrap()).unwrap();
        for (columns, per_row, per_column) in [(1, 1, 1), (66, 8, 12), (5, 200, 200), (1000, 1, 200)] {
            let text = shown(schotter(columns, per_row, per_column, random));
            let mut lines = text.lines();
            assert_eq!(lines.next().map(|line| line.chars().count()), Some(columns));
            assert!(text.lines().count() <= SIDE_MAX + 2);
        }
        for (columns, rows) in [(1, 1), (80, 20), (3, 50)] {
            let text = shown(skyline(columns, rows, random));
            assert_eq!(text.lines().count(), rows + 1);
            assert!(text.lines().take(rows).all(|line| line.matches(' ').count() == columns));
        }
        assert!((0..1000).map(|_| noise(random)).all(|value| (-1.0..1.0).contains(&value)));
    }
}
