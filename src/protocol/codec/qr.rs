//! QR codes (ISO/IEC 18004), written as a picture (SVG) or as text for a terminal. `endpoints::device_authorization` draws the
//! link to its page with it.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// The width of the empty margin, in modules; scanners need it.
const MARGIN: i32 = 4;

/// A QR code, in black and white modules.
pub struct Qr(QrCode);

impl Qr {
    /// Makes the code that says `text`; `None` if it is too long for one.
    pub fn of(text: &str) -> Option<Self> {
        QrCode::encode_text(text, QrCodeEcc::Medium).ok().map(Self)
    }

    /// The picture: black modules on a white ground, one path, without a size of its own.
    pub fn to_svg(&self) -> String {
        let side = self.0.size() + 2 * MARGIN;
        let mut path = String::new();
        for y in 0..self.0.size() {
            let mut x = 0;
            while x < self.0.size() {
                let run = self.run(x, y);
                if run > 0 {
                    // Writing to a string can't fail.
                    let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + MARGIN, y + MARGIN);
                }
                x += run.max(1);
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
        )
    }

    /// The text: two rows of modules a line, light modules drawn, for light letters on a dark ground.
    pub fn to_text(&self) -> String {
        let range = -MARGIN..self.0.size() + MARGIN;
        let mut text = String::new();
        for y in range.clone().step_by(2) {
            for x in range.clone() {
                text.push(match (self.is_black(x, y), self.is_black(x, y + 1) || y + 1 >= range.end) {
                    (false, false) => '█',
                    (false, true) => '▀',
                    (true, false) => '▄',
                    (true, true) => ' ',
                });
            }
            text.push('\n');
        }
        text
    }

    /// The number of black modules in a row from here on.
    fn run(&self, x: i32, y: i32) -> i32 {
        let mut end = x;
        while self.is_black(end, y) {
            end += 1;
        }
        end - x
    }

    /// Whether a module is black; those outside are white.
    fn is_black(&self, x: i32, y: i32) -> bool {
        self.0.get_module(x, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://id.example.com/device?user_code=BCDF-GHJK";

    /// The modules that a picture shows, read back from its path.
    fn of_svg(svg: &str, side: usize) -> Vec<Vec<bool>> {
        let mut modules = vec![vec![false; side]; side];
        let path = svg.rsplit("d=\"").next().expect("a path").split('"').next().expect("its end");
        for part in path.split('M').skip(1) {
            let (at, rest) = part.split_once('h').expect("a run");
            let (x, y) = at.split_once(' ').expect("a place");
            let (x, y): (usize, usize) = (x.parse().expect("x"), y.parse().expect("y"));
            let run: usize = rest.split('v').next().expect("its length").parse().expect("a number");
            (x..x + run).for_each(|x| modules[y][x] = true);
        }
        modules
    }

    #[test]
    fn picture_and_text_show_the_same_modules() {
        let qr = Qr::of(LINK).expect("a code");
        let side = usize::try_from(qr.0.size() + 2 * MARGIN).expect("a size");
        let (svg, text) = (qr.to_svg(), qr.to_text());
        let picture = of_svg(&svg, side);
        let black = picture.iter().flatten().filter(|black| **black).count();
        assert!(black > side * side / 5, "{black}");
        for (row, line) in text.lines().enumerate() {
            assert_eq!(line.chars().count(), side);
            for (x, block) in line.chars().enumerate() {
                let upper = picture[2 * row][x];
                let lower = picture.get(2 * row + 1).is_none_or(|below| below[x]);
                assert_eq!(
                    block,
                    [['█', '▀'], ['▄', ' ']][usize::from(upper)][usize::from(lower)],
                    "{row} {x}"
                );
            }
        }
        // The corner that scanners look for.
        let corner: String = picture[4][4..12].iter().map(|black| if *black { '#' } else { '.' }).collect();
        assert_eq!(corner, "#######.");
    }

    #[test]
    fn what_is_too_long_has_no_code() {
        assert!(Qr::of(&"x".repeat(3000)).is_none());
    }
}
