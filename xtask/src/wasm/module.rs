//! A WebAssembly module as a list of sections: enough to leave one out, and to tell how large each function is.
//!
//! A module is eight bytes, then sections: an id, a length, that many bytes (WebAssembly core specification, §5.5). Numbers are in
//! LEB128.

/// The ids of the sections that are read here.
const CUSTOM: u8 = 0;
const IMPORTS: u8 = 2;
const CODE: u8 = 10;
const DATA: u8 = 11;
/// The subsection of names that holds those of functions.
const FUNCTION_NAMES: u8 = 1;

/// A module whose sections were found.
pub(crate) struct Module<'a> {
    header: &'a [u8],
    sections: Vec<Section<'a>>,
}

struct Section<'a> {
    id: u8,
    content: &'a [u8],
    /// With id and length.
    whole: &'a [u8],
}

/// One function of a module.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function<'a> {
    /// Its path in the source, with the types that it was compiled for where the compiler tells them.
    pub(crate) name: &'a str,
    /// Of its code, in bytes.
    pub(crate) size: usize,
}

impl<'a> Module<'a> {
    /// Finds the sections; nothing if this is no whole module.
    pub(crate) fn parse(module: &'a [u8]) -> Option<Self> {
        let (header, mut rest) = module.split_at_checked(8)?;
        let mut sections = Vec::new();
        while let Some((id, after)) = rest.split_first() {
            let (length, content) = number(after)?;
            let (content, next) = content.split_at_checked(length)?;
            let (whole, _) = rest.split_at_checked(rest.len() - next.len())?;
            sections.push(Section { id: *id, content, whole });
            rest = next;
        }
        Some(Self { header, sections })
    }

    /// The module without its section of function names: a seventh of the upload, for nobody but a debugger. wasm-opt keeps
    /// it, and other ways to lose it lose sections that are needed.
    pub(crate) fn without_names(&self) -> Vec<u8> {
        let kept = self.sections.iter().filter(|section| section.names().is_none());
        let sections: Vec<&[u8]> = kept.map(|section| section.whole).collect();
        [self.header, &sections.concat()].concat()
    }

    /// How many bytes of data there are: texts and tables.
    pub(crate) fn data(&self) -> usize {
        self.section(DATA).map_or(0, <[u8]>::len)
    }

    /// Its functions with their names; nothing if it has no names.
    pub(crate) fn functions(&self) -> Option<Vec<Function<'a>>> {
        let imported = self.section(IMPORTS).map_or(Some(0), imported_functions)?;
        let sizes = sizes(self.section(CODE)?)?;
        let names = function_names(self.sections.iter().find_map(Section::names)?)?;
        let functions = names.into_iter().filter_map(|(index, name)| {
            let size = *sizes.get(index.checked_sub(imported)?)?;
            Some(Function { name, size })
        });
        Some(functions.collect())
    }

    fn section(&self, id: u8) -> Option<&'a [u8]> {
        self.sections.iter().find(|section| section.id == id).map(|section| section.content)
    }
}

impl<'a> Section<'a> {
    /// What the section of names holds, if this is it. The content of a custom section starts with the section's name.
    fn names(&self) -> Option<&'a [u8]> {
        let (name, rest) = text(self.content).filter(|_| self.id == CUSTOM)?;
        (name == "name").then_some(rest)
    }
}

/// How many functions come from outside: these are numbered first.
fn imported_functions(section: &[u8]) -> Option<usize> {
    let (count, mut rest) = number(section)?;
    let mut functions = 0;
    for _ in 0..count {
        let (_module, after) = text(rest)?;
        let (_name, after) = text(after)?;
        let (kind, after) = after.split_first()?;
        rest = match kind {
            0 => {
                functions += 1;
                number(after)?.1
            }
            1 => limits(after.get(1..)?)?,
            2 => limits(after)?,
            3 => after.get(2..)?,
            4 => number(after.get(1..)?)?.1,
            _ => return None,
        };
    }
    Some(functions)
}

/// What follows the limits of a memory or a table.
fn limits(bytes: &[u8]) -> Option<&[u8]> {
    let (flags, rest) = number(bytes)?;
    let (_least, rest) = number(rest)?;
    if flags & 1 == 0 { Some(rest) } else { Some(number(rest)?.1) }
}

/// The sizes of the functions' code.
fn sizes(section: &[u8]) -> Option<Vec<usize>> {
    let (count, mut rest) = number(section)?;
    let mut sizes = Vec::new();
    for _ in 0..count {
        let (size, body) = number(rest)?;
        rest = body.get(size..)?;
        sizes.push(size);
    }
    Some(sizes)
}

/// Numbers of functions and their names.
fn function_names(mut section: &[u8]) -> Option<Vec<(usize, &str)>> {
    while let Some((id, after)) = section.split_first() {
        let (length, content) = number(after)?;
        let (content, next) = content.split_at_checked(length)?;
        section = next;
        if *id != FUNCTION_NAMES {
            continue;
        }
        let (count, mut rest) = number(content)?;
        let mut names = Vec::new();
        for _ in 0..count {
            let (index, after) = number(rest)?;
            let (name, after) = text(after)?;
            rest = after;
            names.push((index, name));
        }
        return Some(names);
    }
    None
}

/// A text with its length before it, and what follows.
fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = number(bytes)?;
    let (text, rest) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

/// An unsigned number in LEB128, and what follows it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0_usize;
    for (position, byte) in (0_u32..5).zip(bytes) {
        number |= usize::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(usize::try_from(position).ok()? + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Function, Module};

    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).expect("short");
        [&[id, length | 0x80, 0][..], content].concat()
    }

    fn module(sections: &[Vec<u8>]) -> Vec<u8> {
        [b"\0asm\x01\0\0\0".as_slice(), &sections.concat()].concat()
    }

    #[test]
    fn only_the_section_of_names_goes() {
        let (code, features) = (section(10, b"code"), section(0, b"\x0ftarget_features"));
        let (names, namesake) = (section(0, b"\x04name and more"), section(0, b"\x05names"));
        let whole = module(&[code.clone(), names, namesake.clone(), features.clone()]);
        let parsed = Module::parse(&whole).expect("a module");
        assert_eq!(parsed.without_names(), module(&[code, namesake, features]));
        for cut in [4, 9, whole.len() - 1] {
            assert!(Module::parse(whole.get(..cut).unwrap_or_default()).is_none(), "{cut}");
        }
    }

    #[test]
    fn functions_are_named_past_the_imported_ones() {
        // A memory with a maximum, a tag of an exception, a function, a table without: as `import` of module "m", name "".
        let memory_and_tag = b"\x04\x01m\0\x02\x01\x01\x02\x01m\0\x04\0\x05".as_slice();
        let imports = section(2, &[memory_and_tag, b"\x01m\0\x00\x00\x01m\0\x01\x70\x00\x01"].concat());
        let code = section(10, b"\x02\x03one\x05three");
        let names = section(0, b"\x04name\x00\x02\x01m\x01\x0d\x03\x00\x01i\x01\x02a1\x02\x03b::");
        let data = section(11, b"12345");
        let whole = module(&[imports, code, data, names]);
        let parsed = Module::parse(&whole).expect("a module");
        assert_eq!(parsed.data(), 5);
        let functions = parsed.functions().expect("names");
        assert_eq!(functions, [Function { name: "a1", size: 3 }, Function { name: "b::", size: 5 }]);
    }
}
