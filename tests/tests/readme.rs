//! The examples of README.md are real.
//!
//! A fenced block marked `console` holds commands behind `$ ` and what they print. Each `netdiag`
//! command in it is run in `tests/fixtures`, and must print what stands below it (standard output
//! and then standard error). A line `…` stands for any number of lines. Commands of other programs
//! are not run, and what stands below them is not looked at. CONTRIBUTING.md says how to renew it.
#![cfg(target_os = "linux")]

use netdiag_tests::binary;

/// A command of a `console` block.
#[derive(Debug, PartialEq, Eq)]
struct Example<'a> {
    line: usize,
    command: &'a str,
    output: Vec<&'a str>,
}

fn examples(markdown: &str) -> Vec<Example<'_>> {
    let mut found: Vec<Example<'_>> = Vec::new();
    let mut inside = false;
    for (number, line) in markdown.lines().enumerate() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (true, "```") => inside = false,
            (true, line) => match (line.strip_prefix("$ "), found.last_mut()) {
                (Some(command), _) => found.push(Example { line: number + 1, command, output: Vec::new() }),
                (None, Some(example)) => example.output.push(line),
                (None, None) => panic!("line {}: output without a command", number + 1),
            },
            (false, _) => {}
        }
    }
    assert!(!inside, "a console block does not end");
    found
}

/// Whether `lines` are `wanted`, where a wanted line `…` is any number of lines.
fn matches(wanted: &[&str], lines: &[&str]) -> bool {
    match wanted.split_first() {
        None => lines.is_empty(),
        Some((&"…", rest)) => (0..=lines.len()).any(|skipped| matches(rest, &lines[skipped..])),
        Some((first, rest)) => lines
            .split_first()
            .is_some_and(|(line, lines)| line.trim_end() == first.trim_end() && matches(rest, lines)),
    }
}

#[test]
fn the_examples_of_the_readme_are_what_netdiag_prints() {
    let file = binary::workspace().join("README.md");
    let markdown =
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut tried = 0;
    for example in examples(&markdown) {
        let Some(words) = example.command.strip_prefix("netdiag") else { continue };
        let words: Vec<&str> = words.split_whitespace().collect();
        assert!(
            !example.command.contains(['|', '>', '"', '\'', '$']),
            "no shell is used: {}",
            example.command
        );
        let output = binary::netdiag()
            .args(&words)
            .current_dir(binary::workspace().join("tests/fixtures"))
            .env("TZ", "UTC")
            .output()
            .expect("run netdiag");
        let ran = binary::Ran::from(output);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        let lines: Vec<&str> = all.lines().collect();
        assert!(
            matches(&example.output, &lines),
            "README.md line {}: `{}` prints something else (exit {:?}):\n{all}",
            example.line,
            example.command,
            ran.code
        );
        tried += 1;
    }
    assert!(tried > 0, "README.md shows no example of netdiag in a console block");
}

#[test]
fn a_console_block_is_read_command_by_command() {
    let text =
        "text\n```console\n$ netdiag diff a b\nline 1\n\nline 3\n$ netdiag x\n```\n```sh\n$ not this\n```\n";
    assert_eq!(
        examples(text),
        [
            Example { line: 3, command: "netdiag diff a b", output: vec!["line 1", "", "line 3"] },
            Example { line: 7, command: "netdiag x", output: vec![] },
        ]
    );
}

#[test]
fn dots_stand_for_any_lines_and_nothing_else_does() {
    assert!(matches(&["a", "…", "d"], &["a", "b", "c", "d"]));
    assert!(matches(&["a", "…"], &["a"]));
    assert!(!matches(&["a", "…", "d"], &["a", "b", "c"]));
    assert!(!matches(&["a"], &["a", "b"]));
    assert!(!matches(&["a", "b"], &["a"]));
}
