//! A terminal's screen as a picture: SVG, with the colours and weights that the program asked for.

use std::fmt::Write;
use vt100::{Cell, Color, Screen};

/// Size of a cell and of its letters, in pixels.
const WIDE: f32 = 8.4;
const HIGH: f32 = 17.0;
const LETTERS: f32 = 14.0;
const MARGIN: f32 = 10.0;
/// What a terminal shows where it was told nothing.
const FRONT: &str = "#d0d4d8";
const BACK: &str = "#12161b";

/// The sixteen, as xterm has them.
const BASIC: [u32; 16] = [
    0x00_0000, 0xcd_0000, 0x00_cd00, 0xcd_cd00, 0x00_00ee, 0xcd_00cd, 0x00_cdcd, 0xe5_e5e5, 0x7f_7f7f,
    0xff_0000, 0x00_ff00, 0xff_ff00, 0x5c_5cff, 0xff_00ff, 0x00_ffff, 0xff_ffff,
];

fn hex(colour: Color, default: &str) -> String {
    match colour {
        Color::Default => default.to_owned(),
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Idx(n @ 0..=15) => format!("#{:06x}", BASIC[usize::from(n)]),
        Color::Idx(n @ 16..=231) => {
            let level = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
            let n = n - 16;
            format!("#{:02x}{:02x}{:02x}", level(n / 36), level(n / 6 % 6), level(n % 6))
        }
        Color::Idx(n) => {
            let grey = 8 + 10 * (n - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}

#[derive(PartialEq, Clone)]
struct Look {
    front: String,
    back: String,
    bold: bool,
    underlined: bool,
}

fn look(cell: &Cell) -> Look {
    let (mut front, mut back) = (hex(cell.fgcolor(), FRONT), hex(cell.bgcolor(), BACK));
    if cell.inverse() {
        std::mem::swap(&mut front, &mut back);
    }
    Look { front, back, bold: cell.bold(), underlined: cell.underline() }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Cells of one look beside each other.
struct Run {
    from: u16,
    columns: u16,
    text: String,
    look: Look,
}

fn runs(screen: &Screen, row: u16, columns: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else {
            continue;
        };
        let (look, wide) = (look(cell), u16::from(cell.is_wide()));
        let text = if cell.has_contents() { cell.contents() } else { " " };
        match runs.last_mut() {
            // A wide letter stands by itself: fonts do not agree on how wide it is.
            Some(run) if run.look == look && wide == 0 && run.from + run.columns == column => {
                run.columns += 1;
                run.text.push_str(text);
            }
            _ => runs.push(Run { from: column, columns: 1 + wide, text: text.to_owned(), look }),
        }
    }
    runs
}

/// Draws a screen.
pub fn svg(screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) = (f32::from(columns) * WIDE + 2.0 * MARGIN, f32::from(rows) * HIGH + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\">\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{BACK}\"/>\n\
         <g font-family=\"ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"{LETTERS}\" \
         xml:space=\"preserve\">\n"
    );
    for row in 0..rows {
        let top = MARGIN + f32::from(row) * HIGH;
        for Run { from, columns, text, look } in runs(screen, row, columns) {
            let (left, wide) = (MARGIN + f32::from(from) * WIDE, f32::from(columns) * WIDE);
            if look.back != BACK {
                let _ = writeln!(
                    out,
                    "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{HIGH}\" fill=\"{}\"/>",
                    look.back
                );
            }
            if text.trim().is_empty() {
                continue;
            }
            let weight = if look.bold { " font-weight=\"bold\"" } else { "" };
            let line = if look.underlined { " text-decoration=\"underline\"" } else { "" };
            let _ = writeln!(
                out,
                "<text x=\"{left:.1}\" y=\"{:.1}\" fill=\"{}\" textLength=\"{wide:.1}\"{weight}{line}>{}</text>",
                top + LETTERS - 1.0,
                look.front,
                escaped(&text)
            );
        }
    }
    out.push_str("</g>\n</svg>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::svg;
    use std::num::NonZeroU16;

    #[test]
    fn colours_and_signs_as_they_are() {
        let size = |n| NonZeroU16::new(n).unwrap_or(NonZeroU16::MIN);
        let mut parser = vt100::Parser::new(size(2), size(10), 0);
        parser.process("\u{1b}[1;38;2;255;0;16m<a>\u{1b}[0m \u{1b}[7m日\u{1b}[0m".as_bytes());
        let picture = svg(parser.screen());
        assert!(
            picture.contains("fill=\"#ff0010\" textLength=\"25.2\" font-weight=\"bold\">&lt;a&gt;<"),
            "{picture}"
        );
        assert!(picture.contains(">日<") && picture.contains("fill=\"#d0d4d8\"/>"), "{picture}");
    }
}
