//! What failed, read from the output of the test runners that this project uses: Rust's, Node's, pytest, and the compiler.

/// One thing that failed: what it is, and what was said about it.
struct Block {
    name: String,
    body: Vec<String>,
}

/// How the lines that belong together are found.
struct Format {
    /// What `line` begins, if it is the first line of a block.
    begins: fn(line: &str) -> bool,
    /// Whether `line` stands behind the block.
    ends: fn(line: &str) -> bool,
}

const FORMATS: [Format; 5] = [
    // libtest: `---- a_test stdout ----`, until the list of names.
    Format {
        begins: |line| line.starts_with("---- ") && line.ends_with(" ----"),
        ends: |line| line == "failures:",
    },
    // node:test: `test at a.test.mjs:1:1`, and all of it indented or marked.
    Format {
        begins: |line| line.starts_with("test at "),
        ends: |line| !(line.is_empty() || line.starts_with([' ', '✖'])),
    },
    // pytest: `_____ test_a _____`, until the summary.
    Format {
        begins: |line| line.starts_with("____") && line.ends_with("____"),
        ends: |line| line.starts_with("===="),
    },
    // rustc, clippy and cargo.
    Format {
        begins: |line| line.starts_with("error: ") || line.starts_with("error["),
        ends: |line| line.is_empty(),
    },
    // A panic outside of a test.
    Format {
        begins: |line| line.starts_with("thread '") && line.contains("panicked at"),
        ends: |line| line.is_empty() || line.starts_with("note: "),
    },
];

/// The lines of `output` that say what failed, at most `limit` and at least one from each failure while there is room; the last
/// lines where no failure is recognized.
pub(super) fn of(output: &[String], limit: usize) -> Vec<String> {
    let blocks = blocks(output);
    if blocks.is_empty() {
        let said: Vec<&String> = output.iter().filter(|line| !line.trim().is_empty()).collect();
        let end = said.len().saturating_sub(limit.min(20));
        return said.into_iter().skip(end).cloned().collect();
    }
    let (mut lines, count) = (Vec::new(), blocks.len());
    let room = limit.saturating_sub(1);
    for (number, block) in blocks.into_iter().enumerate() {
        let left = room.saturating_sub(lines.len());
        if left == 0 {
            lines.push(format!("and {} more", count - number));
            break;
        }
        let share = (left / (count - number)).max(4).min(left);
        lines.push(block.name);
        lines.extend(telling(&block.body).take(share - 1).map(|line| format!("  {}", line.trim_end())));
    }
    lines
}

fn blocks(output: &[String]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<&Format> = None;
    for line in output {
        open = open.filter(|format| !(format.ends)(line));
        // Inside a block only its own format counts: a panic belongs to the test that is being told of.
        let begun = match open {
            Some(format) => (format.begins)(line).then_some(format),
            None => FORMATS.iter().find(|format| (format.begins)(line)),
        };
        if begun.is_some() {
            open = begun;
            blocks.push(Block { name: line.clone(), body: Vec::new() });
        } else if let (Some(_), Some(block)) = (open, blocks.last_mut()) {
            block.body.push(line.clone());
        }
    }
    blocks
}

/// The lines of a block without those that tell nothing: from the panic on, or from what pytest marks, where there is one.
fn telling(body: &[String]) -> impl Iterator<Item = &String> {
    let is_start = |line: &String| line.contains("panicked at") || line.starts_with("E  ");
    let start = body.iter().position(is_start).unwrap_or(0);
    body.iter().skip(start).filter(|line| !line.trim().is_empty() && !is_of_the_stack(line.trim()))
}

fn is_of_the_stack(line: &str) -> bool {
    let is_numbered = line.split_once(": ").is_some_and(|(number, _)| number.parse::<u16>().is_ok());
    let remarks = ["at ", "stack backtrace:", "note: run with", "note: Some details"];
    is_numbered || remarks.iter().any(|remark| line.starts_with(remark))
}

#[cfg(test)]
mod tests {
    use super::of;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    const LIBTEST: &str = "\
test a_test ... FAILED
test another ... FAILED

failures:

---- a_test stdout ----
quiet 3ms

thread 'a_test' (42) panicked at tests/a.rs:7:5:
assertion `left == right` failed
  left: 503
 right: 200
stack backtrace:
   0: __rustc::rust_begin_unwind
             at /rustc/library/std/src/panicking.rs:689:5
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.

---- another stdout ----

thread 'another' (43) panicked at tests/a.rs:9:5:
no answer: GET /jwks
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace


failures:
    a_test
    another

test result: FAILED. 2 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

error: test failed, to rerun pass `-p mintedge --test a`
";

    #[test]
    fn rust_tests_are_told_with_their_panics() {
        assert_eq!(
            of(&lines(LIBTEST), 40),
            [
                "---- a_test stdout ----",
                "  thread 'a_test' (42) panicked at tests/a.rs:7:5:",
                "  assertion `left == right` failed",
                "    left: 503",
                "   right: 200",
                "---- another stdout ----",
                "  thread 'another' (43) panicked at tests/a.rs:9:5:",
                "  no answer: GET /jwks",
                "error: test failed, to rerun pass `-p mintedge --test a`",
            ]
        );
    }

    #[test]
    fn many_failures_share_the_room() {
        let block = |number| {
            format!(
                "---- test_{number} stdout ----\nthread 'x' panicked at a.rs:1:1:\n{}",
                "word\n".repeat(50)
            )
        };
        let output = lines(&(0..20).map(block).collect::<String>());
        let said = of(&output, 40);
        assert_eq!(said.len(), 40);
        assert_eq!(said.last().map(String::as_str), Some("and 10 more"));
        assert_eq!(of(&lines(&block(1)), 40).len(), 39);
    }

    #[test]
    fn node_tests_are_told_without_their_stack() {
        let output = "\
✔ works (1.2ms)
✖ fails (1.9ms)
ℹ tests 2
ℹ duration_ms 60.2

✖ failing tests:

test at tests/a.test.mjs:3:1
✖ fails (1.9ms)
  AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:

  1 !== 2

      at TestContext.<anonymous> (file:///a.test.mjs:3:10)
      at Test.runInAsyncScope (node:async_hooks:214:14) {
    code: 'ERR_ASSERTION',
  }
";
        assert_eq!(
            of(&lines(output), 40),
            [
                "test at tests/a.test.mjs:3:1",
                "  ✖ fails (1.9ms)",
                "    AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:",
                "    1 !== 2",
                "      code: 'ERR_ASSERTION',",
                "    }",
            ]
        );
    }

    #[test]
    fn python_tests_are_told_from_what_is_marked() {
        let output = "\
=================================== FAILURES ===================================
____________________________________ test_a ____________________________________

    def test_a():
>       assert 1 == 2
E       assert 1 == 2

test_a.py:2: AssertionError
=========================== short test summary info ============================
FAILED test_a.py::test_a - assert 1 == 2
";
        let said = of(&lines(output), 40);
        assert_eq!(said.get(1..).unwrap(), ["  E       assert 1 == 2", "  test_a.py:2: AssertionError"]);
    }

    #[test]
    fn the_end_is_told_where_nothing_is_recognized() {
        let output: Vec<String> =
            (0..100).flat_map(|number| [format!("line {number}"), String::new()]).collect();
        let said = of(&output, 40);
        assert_eq!((said.len(), said.last().map(String::as_str)), (20, Some("line 99")));
        assert!(of(&[], 40).is_empty());
    }
}
