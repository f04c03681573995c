//! The part about what is uploaded.

use std::fmt::{Result, Write as _};

use super::Size;
use crate::bench::layers::Layer;

const WHAT_IS_COUNTED: &str = "
Code of the wasm module in KB (1000 bytes), not compressed, by what the names of its functions say: folders of
`src/protocol`, and other crates by what they are for. Functions that the compiler made for a type of a folder count there
where their name says so.
";

/// The whole part.
pub(super) fn write(text: &mut String, size: &Size<'_>) -> Result {
    writeln!(text, "\n## Size\n{WHAT_IS_COUNTED}\n| layer | KB | budget | |\n|---|---:|---:|---|")?;
    size.layers.iter().try_for_each(|layer| row(text, layer))
}

fn row(text: &mut String, layer: &Layer) -> Result {
    let kilobytes = thousands(layer.size);
    let Some(budget) = layer.budget else {
        return writeln!(text, "| {} | {kilobytes:.1} | | |", layer.name);
    };
    let word = if layer.fits() { "met" } else { "**missed**" };
    writeln!(text, "| {} | {kilobytes:.1} | {:.0} | {word} |", layer.name, budget / 1000.0)
}

fn thousands(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1000.0
}
