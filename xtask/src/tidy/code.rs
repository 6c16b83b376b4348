//! Rust sources split into code and comments, so that a rule about code is not misled by a string or a sentence.

use super::Finding;
use super::workspace::TextFile;
use std::ops::Range;

/// A source file in views; each has as many bytes as the original, and its line breaks.
#[derive(Debug, Clone, Default)]
pub(crate) struct SourceFile {
    pub(crate) path: String,
    /// Without comments, and without the contents of string and character literals.
    pub(crate) code: String,
    /// Comments only.
    pub(crate) comments: String,
    /// What stands in string literals, each with the byte of `code` where its blank begins.
    pub(crate) literals: Vec<(usize, String)>,
    /// Code with its literals, without comments.
    program: String,
    /// `code` without items for unit tests.
    shipped: String,
    /// Where these are.
    tests: Vec<Range<usize>>,
}

/// What stands before an item that is compiled for unit tests alone.
const FOR_TESTS: &str = "#[cfg(test)]";

impl SourceFile {
    pub(crate) fn new(file: TextFile) -> Self {
        Self { path: file.path, ..split(&file.text) }
    }

    /// The code without items for unit tests, which are blank in it.
    pub(crate) fn shipped_code(&self) -> &str {
        &self.shipped
    }

    /// The literals outside unit tests.
    pub(crate) fn shipped_literals(&self) -> impl Iterator<Item = &(usize, String)> {
        self.literals.iter().filter(|(at, _)| !self.tests.iter().any(|test| test.contains(at)))
    }

    /// The code outside unit tests with its literals, in a form that layout does not change: no white space but
    /// between words, no comma before a closing bracket.
    pub(crate) fn shipped_tokens(&self) -> String {
        let program = without(&self.program, &self.tests);
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let mut tokens = String::with_capacity(program.len());
        for word in program.split_whitespace() {
            if tokens.ends_with(is_part) && word.starts_with(is_part) {
                tokens.push(' ');
            }
            tokens.push_str(word);
        }
        [")", "]", "}"].iter().fold(tokens, |text, closing| text.replace(&format!(",{closing}"), closing))
    }

    /// Whether the file is part of a library or binary rather than of its tests, benchmarks or examples.
    pub(crate) fn is_shipped(&self) -> bool {
        self.path.contains("/src/") && !self.path.ends_with("/tests.rs") && !self.path.contains("/tests/")
    }

    /// A finding at a byte of either view.
    pub(crate) fn finding(&self, view: &str, byte: usize, message: String) -> Finding {
        let line = view[..byte].matches('\n').count() + 1;
        Finding { path: self.path.clone(), line, message }
    }
}

/// Every place where `word` stands in `text` and is not part of a longer word.
pub(crate) fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let starts_open = word.starts_with(is_part);
    let ends_open = word.ends_with(is_part);
    text.match_indices(word).map(|(start, _)| start).filter(move |&start| {
        let before = text[..start].chars().next_back().is_some_and(is_part);
        let after = text[start + word.len()..].chars().next().is_some_and(is_part);
        !(starts_open && before || ends_open && after)
    })
}

/// Splits a source into its views.
fn split(source: &str) -> SourceFile {
    let mut file = SourceFile::default();
    let SourceFile { code, comments, literals, program, .. } = &mut file;
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (len, kind) = token(rest, first, code.chars().next_back());
        let (token, after) = rest.split_at(len);
        let blank = blank(token);
        match kind {
            Token::Code => {
                code.push_str(token);
                comments.push_str(&blank);
                program.push_str(token);
            }
            Token::Comment => {
                code.push_str(&blank);
                comments.push_str(token);
                program.push_str(&blank);
            }
            Token::Literal => {
                let quotes = token.find('"').zip(token.rfind('"')).filter(|(open, close)| open < close);
                literals.extend(quotes.map(|(open, close)| (code.len(), token[open + 1..close].to_owned())));
                code.push_str(&blank);
                comments.push_str(&blank);
                program.push_str(token);
            }
        }
        rest = after;
    }
    file.tests = test_items(&file.code);
    file.shipped = without(&file.code, &file.tests);
    file
}

/// As many bytes and lines of nothing.
fn blank(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

/// The text with these parts blank.
fn without(text: &str, parts: &[Range<usize>]) -> String {
    parts.iter().fold(text.to_owned(), |mut text, part| {
        let blank = blank(&text[part.clone()]);
        text.replace_range(part.clone(), &blank);
        text
    })
}

/// Where the items for unit tests stand, each with its attribute.
fn test_items(code: &str) -> Vec<Range<usize>> {
    let mut items: Vec<Range<usize>> = Vec::new();
    for (start, _) in code.match_indices(FOR_TESTS) {
        if items.last().is_none_or(|last| last.end <= start) {
            items.push(start..start + item(&code[start..]));
        }
    }
    items
}

/// Length of the item that begins here with its attributes: up to a semicolon outside all brackets, or to the brace that ends a body.
fn item(code: &str) -> usize {
    let after = code.trim_start_matches(|c: char| c.is_whitespace());
    let skipped = code.len() - after.len();
    if after.starts_with("#[") {
        let attribute = bracketed(after);
        return skipped + attribute + item(&after[attribute..]);
    }
    let is_value = ["use ", "static ", "let "].iter().any(|word| after.starts_with(word))
        || after.starts_with("const ") && !after.starts_with("const fn");
    let mut depth = 0_usize;
    for (at, c) in after.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth = depth.saturating_sub(1);
                if c == '}' && depth == 0 && !is_value {
                    return skipped + at + 1;
                }
            }
            ';' if depth == 0 => return skipped + at + 1,
            _ => {}
        }
    }
    code.len()
}

/// Length up to the end of the first pair of brackets.
fn bracketed(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '[' => depth += 1,
            ']' if depth <= 1 => return at + 1,
            ']' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

enum Token {
    Code,
    Comment,
    Literal,
}

/// Length in bytes and kind of what stands at the beginning of `rest`.
fn token(rest: &str, first: char, before: Option<char>) -> (usize, Token) {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), Token::Comment);
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), Token::Comment);
    }
    match first {
        '"' => (string(rest), Token::Literal),
        'r' | 'b' | 'c' if !in_word => raw_string(rest).map_or((1, Token::Code), |len| (len, Token::Literal)),
        '\'' => character(rest).map_or((1, Token::Code), |len| (len, Token::Literal)),
        _ => (first.len_utf8(), Token::Code),
    }
}

/// Length of a block comment; they nest.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// Length of a string literal with escapes.
fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Length of a raw string literal (`r`, `br`, `cr`, any number of `#`), if one starts here.
fn raw_string(rest: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        rest.strip_prefix(prefix).is_some_and(|after| after.trim_start_matches('#').starts_with('"'))
    })?;
    let after = &rest[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    let end = format!("\"{}", "#".repeat(hashes));
    let start = prefix.len() + hashes + 1;
    Some(rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len()))
}

/// Length of a character literal, if this quote is not that of a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut inside = rest.char_indices().skip(1);
    let (_, first) = inside.next()?;
    if first == '\\' {
        let (escaped_at, escaped) = inside.next()?;
        let from = escaped_at + escaped.len_utf8();
        return rest[from..].find('\'').map(|at| from + at + 1);
    }
    inside.next().filter(|&(_, c)| c == '\'').map(|(index, _)| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn views(source: &str) -> (String, String) {
        let SourceFile { code, comments, .. } = split(source);
        assert_eq!(code.matches('\n').count(), source.matches('\n').count());
        let squeeze = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        (squeeze(code), squeeze(comments))
    }

    #[test]
    fn comments_and_literals_are_not_code() {
        assert_eq!(views("a(); // b\nc"), ("a(); c".into(), "// b".into()));
        assert_eq!(views("a /* b /* c */ d */ e"), ("a e".into(), "/* b /* c */ d */".into()));
        assert_eq!(
            views(r#"a("b \" // c", 'd', '\'', '\u{e9}', '"') // f"#),
            ("a( , , , , )".into(), "// f".into())
        );
        assert_eq!(views(r##"a(r#"b " c"#, b"d", br"e", c"f")"##), ("a( , b , , c )".into(), String::new()));
    }

    #[test]
    fn lifetimes_and_words_with_r_are_code() {
        assert_eq!(views("fn f<'a>(x: &'a str) {}"), ("fn f<'a>(x: &'a str) {}".into(), String::new()));
        assert_eq!(views("for r in 0..n { br += r }"), ("for r in 0..n { br += r }".into(), String::new()));
        assert_eq!(views("r#type"), ("r#type".into(), String::new()));
    }

    #[test]
    fn unfinished_tokens_end_with_the_file() {
        for source in ["\"a", "/* a", "r#\"a", "'", "'\\", "// a"] {
            views(source);
        }
    }

    #[test]
    fn literals_have_their_place() {
        let file = split("f(\"é\", 'x', '\"', r#\"b \"c\"\"#); // \"d\"");
        let contents: Vec<&str> = file.literals.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(contents, ["é", r#"b "c""#]);
        assert_eq!(file.literals[0].0, 2);
        assert!(file.code[file.literals[1].0..].trim_start().starts_with(");"));
    }

    #[test]
    fn tokens_do_not_see_layout_comments_and_tests() {
        let tokens = |source| split(source).shipped_tokens();
        let one = tokens("fn f(a: u8) -> u8 { g(a, \"b\") }");
        let other = "// f\nfn f(\n    a: u8,\n) -> u8 {\n    g(a, \"b\") /* g */\n}\n#[cfg(test)]\nmod tests { fn h() {} }";
        assert_eq!(one, tokens(other));
        assert_eq!(one, "fn f(a:u8)->u8{g(a,\"b\")}");
        assert_ne!(one, tokens("fn f(a: u8) -> u8 { g(a, \"c\") }"));
        assert_ne!(one, tokens("fn f(a: u8) -> u8 { h(a, \"b\") }"));
    }

    #[test]
    fn words_are_whole() {
        let at = |text, word| words(text, word).collect::<Vec<_>>();
        assert_eq!(at("unsafe_code unsafe is_unsafe", "unsafe"), [12]);
        assert_eq!(at("x.mul_add(y)", ".mul_add("), [1]);
    }

    #[test]
    fn unit_tests_are_not_shipped() {
        let file = SourceFile::new(TextFile {
            path: "crates/x/src/a.rs".into(),
            text: "fn a() {}\n#[cfg(test)]\nmod tests { fn b() {} }\n".into(),
        });
        assert_eq!(file.shipped_code().trim_end(), "fn a() {}");
        assert!(file.is_shipped());
    }

    #[test]
    fn code_behind_unit_tests_is_shipped() {
        let shipped = |source: &str| {
            let file = split(source);
            assert_eq!(file.shipped.len(), source.len());
            (file.shipped_tokens(), file.shipped_literals().map(|(_, text)| text.clone()).collect::<Vec<_>>())
        };
        for tests in [
            "#[cfg(test)]\nmod tests;",
            "#[cfg(test)]\npub(crate) mod tests { fn c() { \"c é }\"; } }",
            "#[cfg(test)]\nuse x::{y, z};",
            "#[cfg(test)] #[allow(dead_code)] const C: [u8; 2] = { [1, 2] };",
            "#[cfg(test)]\nimpl A { fn c(&self) -> [u8; 2] { [0; 2] } }",
        ] {
            let source = format!("/* é */ fn a() {{}}\n{tests}\nfn b() {{ \"b\" }}\n");
            assert_eq!(
                shipped(&source),
                ("fn a(){}fn b(){\"b\"}".to_owned(), vec!["b".to_owned()]),
                "{tests}"
            );
        }
    }
}
