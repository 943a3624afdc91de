//! Rows in columns: which columns fit, how wide they are, which rows are in sight.

use super::Ink;
use super::text::cut_line;
use crate::output::Tone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// At which side of its column a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// One column of rows of type `R`.
#[derive(Clone)]
pub(super) struct Column<R> {
    /// Its heading.
    pub(super) title: &'static str,
    /// Least columns of the terminal that it needs.
    pub(super) least: u16,
    /// Most that it can use.
    pub(super) most: u16,
    /// Columns of a higher rank go first when the panel is narrow.
    pub(super) rank: u8,
    /// Where its text stands.
    pub(super) side: Side,
    /// The text for a row in so many columns.
    pub(super) cell: fn(&R, usize, &Ink<'_>) -> Line<'static>,
}

/// Draws a heading and the rows around the chosen one.
pub(super) fn draw<R>(
    columns: &[Column<R>],
    rows: &[&R],
    chosen: Option<usize>,
    area: Rect,
    buffer: &mut Buffer,
    ink: &Ink<'_>,
) {
    let widths = widths(columns, area.width);
    let fitting = || columns.iter().zip(&widths).filter(|(_, width)| **width > 0);
    let mut lines = area.rows();
    // A panel of two lines says more with two rows than with a heading and one.
    if area.height > 2
        && let Some(line) = lines.next()
    {
        let style = ink.skin.tone(Tone::Faint);
        let titles = fitting()
            .map(|(column, width)| (Line::styled(column.title, style), *width, column.side));
        place(titles, line, buffer, ink);
    }
    let height = usize::from(area.height).saturating_sub(usize::from(area.height > 2));
    let first = first_in_sight(rows.len(), chosen.unwrap_or(0), height);
    for ((at, row), line) in rows.iter().enumerate().skip(first).zip(lines) {
        let cells = fitting().map(|(column, width)| {
            let cell = (column.cell)(row, usize::from(*width), ink);
            (cell, *width, column.side)
        });
        place(cells, line, buffer, ink);
        if chosen == Some(at) {
            buffer.set_style(line, ink.skin.chosen());
        }
    }
}

fn place(
    cells: impl Iterator<Item = (Line<'static>, u16, Side)>,
    line: Rect,
    buffer: &mut Buffer,
    ink: &Ink<'_>,
) {
    let mut x = line.x;
    for (cell, width, side) in cells {
        let cell = cut_line(cell, usize::from(width), ink.skin);
        let used = u16::try_from(cell.width()).unwrap_or(width).min(width);
        let from = match side {
            Side::Left => x,
            Side::Right => x.saturating_add(width - used),
        };
        if from < line.right() {
            buffer.set_line(from, line.y, &cell, used);
        }
        x = x.saturating_add(width).saturating_add(1);
    }
}

/// The width of each column; zero for one that does not fit.
fn widths<R>(columns: &[Column<R>], room: u16) -> Vec<u16> {
    let mut ranks: Vec<u8> = columns.iter().map(|column| column.rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let mut widths = vec![0; columns.len()];
    let mut left = room;
    // By rank, so that a narrow panel keeps what matters; within a rank from the left.
    for rank in ranks {
        for (column, width) in columns.iter().zip(&mut widths) {
            let gap = u16::from(left < room);
            if column.rank == rank && column.least.saturating_add(gap) <= left {
                *width = column.least;
                left -= column.least + gap;
            }
        }
    }
    // The most important column is shown even where it does not fit.
    if widths.iter().all(|width| *width == 0)
        && let Some(first) = widths.first_mut()
    {
        *first = room;
        return widths;
    }
    spread(columns, &mut widths, left);
    widths
}

/// Gives what is left to the columns that can use it, evenly.
fn spread<R>(columns: &[Column<R>], widths: &mut [u16], mut left: u16) {
    while left > 0 {
        let before = left;
        for (column, width) in columns.iter().zip(widths.iter_mut()) {
            if left > 0 && *width > 0 && *width < column.most {
                *width += 1;
                left -= 1;
            }
        }
        if left == before {
            return;
        }
    }
}

/// The first row in sight, so that the chosen one stands in the middle where it can.
pub(super) fn first_in_sight(rows: usize, chosen: usize, height: usize) -> usize {
    chosen
        .saturating_sub(height / 2)
        .min(rows.saturating_sub(height))
}

/// A cell in one style.
pub(super) fn cell(text: impl Into<String>, tone: Tone, ink: &Ink<'_>) -> Line<'static> {
    Line::from(Span::styled(text.into(), ink.skin.tone(tone)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(least: u16, most: u16, rank: u8) -> Column<()> {
        Column {
            title: "",
            least,
            most,
            rank,
            side: Side::Left,
            cell: |(), _, _| Line::default(),
        }
    }

    #[test]
    fn columns_go_by_rank_and_share_what_is_left() {
        let columns = [column(4, 10, 0), column(5, 5, 2), column(3, 20, 1)];
        assert_eq!(widths(&columns, 40), [10, 5, 20]);
        assert_eq!(widths(&columns, 18), [6, 5, 5]);
        assert_eq!(widths(&columns, 10), [5, 0, 4]);
        assert_eq!(widths(&columns, 5), [5, 0, 0]);
        assert_eq!(widths(&columns, 2), [2, 0, 0]);
    }

    #[test]
    fn the_chosen_row_is_always_in_sight() {
        for rows in 0..20_usize {
            for height in 1..8 {
                for chosen in 0..rows {
                    let first = first_in_sight(rows, chosen, height);
                    assert!((first..first + height).contains(&chosen));
                    assert!(first == 0 || first + height <= rows);
                }
            }
        }
    }
}
