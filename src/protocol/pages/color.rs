//! Colors that stay readable whatever accent an operator picks (WCAG 2.2 §1.4.3 and §1.4.11). `style` uses them.

/// A color of the sRGB space: red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Color([u8; 3]);

/// Black, `#000000`.
pub(super) const BLACK: Color = Color([0; 3]);
/// White, `#ffffff`.
pub(super) const WHITE: Color = Color([255; 3]);

/// How many steps lead from one color to another.
const STEPS: u16 = 32;

impl Color {
    /// Makes a color of fixed components.
    pub(super) const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self([red, green, blue])
    }

    /// Reads a color in the form `#rrggbb`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        let digits: Vec<u8> =
            digits.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect::<Option<_>>()?;
        match digits.as_slice() {
            [r1, r0, g1, g0, b1, b0] => Some(Self([r1 * 16 + r0, g1 * 16 + g0, b1 * 16 + b0])),
            _ => None,
        }
    }

    /// Black or white, whichever is easier to read on this color; at least 4.5 : 1.
    pub(super) fn text_on(self) -> Self {
        if self.contrast(WHITE) >= self.contrast(BLACK) { WHITE } else { BLACK }
    }

    /// The nearest shade on the way to `end` that has at least `contrast` : 1 on `background`.
    pub(super) fn readable(self, background: Self, end: Self, contrast: f64) -> Self {
        let mut shades = (0..=STEPS).map(|step| self.toward(end, step));
        shades.find(|shade| shade.contrast(background) >= contrast).unwrap_or(end)
    }

    /// This color; or, if it is a gray that nearly vanishes on `background`, almost `end`.
    pub(super) fn distinct(self, background: Self, end: Self) -> Self {
        let [red, green, blue] = self.0;
        let chroma = red.max(green).max(blue).abs_diff(red.min(green).min(blue));
        if chroma < 32 && self.contrast(background) < 1.7 { self.toward(end, 30) } else { self }
    }

    /// The color that lies `step` thirty-seconds of the way to `end`.
    pub(super) fn toward(self, end: Self, step: u16) -> Self {
        let [red, green, blue] = self.0;
        let [to_red, to_green, to_blue] = end.0;
        Self([mix(red, to_red, step), mix(green, to_green, step), mix(blue, to_blue, step)])
    }

    /// The contrast ratio of WCAG, 1 to 21.
    pub(super) fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// The color's relative luminance (WCAG 2.2), from 0 to 1.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

fn linear(component: u8) -> f64 {
    let component = f64::from(component) / 255.0;
    if component <= 0.040_45 { component / 12.92 } else { ((component + 0.055) / 1.055).powf(2.4) }
}

fn mix(from: u8, to: u8, step: u16) -> u8 {
    let mixed = (u16::from(from) * (STEPS - step.min(STEPS)) + u16::from(to) * step.min(STEPS)) / STEPS;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

impl std::fmt::Display for Color {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colors_are_six_digits_after_a_hash() {
        assert_eq!(Color::parse("#0f766E").map(|color| color.to_string()).as_deref(), Some("#0f766e"));
        for text in ["", "#", "0f766e", "#0f7", "#0f766g", "#0f766e;", "#0f766é", "red"] {
            assert_eq!(Color::parse(text), None, "{text}");
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((BLACK.contrast(WHITE) - 21.0).abs() < 1e-9);
        // The example of WCAG technique G18's calculators: #777777 just fails on white.
        let gray = Color::new(0x77, 0x77, 0x77).contrast(WHITE);
        assert!((gray - 4.48).abs() < 0.01, "{gray}");
    }

    proptest! {
        #[test]
        fn any_accent_carries_readable_text(red: u8, green: u8, blue: u8) {
            let accent = Color::new(red, green, blue);
            prop_assert!(accent.contrast(accent.text_on()) >= 4.5);
            for (background, end) in [(WHITE, BLACK), (BLACK, WHITE)] {
                prop_assert!(accent.readable(background, end, 4.5).contrast(background) >= 4.5);
            }
        }
    }
}
