//! Statements as HTML: letters that stand alone are set as variables, subscripts, powers and roots as such.

/// With the characters escaped that HTML reads.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A statement that mixes words with formulas in plain text, `γ_{n+6}`, `2^64`, `x_i`: single letters are variables.
///
/// `a` is a word unless an operator, a bracket, a power or a subscript is next to it, and so is `A` where a sentence begins.
pub(super) fn typeset(text: &str) -> String {
    set(text, Kind::Words)
}

/// A formula without words: every letter that stands alone is a variable.
pub(super) fn formula(text: &str) -> String {
    set(text, Kind::Formula)
}

/// What a text is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Words,
    Formula,
}

fn set(text: &str, kind: Kind) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < characters.len() {
        at = match characters[at] {
            _ if identifier(&characters, at) > 0 => name(&mut out, &characters, at),
            '`' if characters[at + 1..].contains(&'`') => code(&mut out, &characters, at),
            '√' if characters.get(at + 1) == Some(&'(') => root(&mut out, &characters, (at, kind)),
            mark @ ('_' | '^') if at > 0 => raised(&mut out, &characters, (at, mark)),
            letter if is_variable(&characters, (at, kind)) => {
                out.extend(["<i>", letter.to_string().as_str(), "</i>"]);
                let primes = characters[at + 1..].iter().take_while(|c| **c == '\'').count();
                out.push_str(&"′".repeat(primes));
                at + 1 + primes
            }
            other => {
                out.push_str(&escape(&other.to_string()));
                at + 1
            }
        };
    }
    out
}

/// Length of the name of an item in code that begins here, `rank_error`; 0 if none does. Of `x_i` and `log_x` one part is a letter.
fn identifier(characters: &[char], at: usize) -> usize {
    let is_inside = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let joins = |c: &char| is_inside(c) || c.is_alphabetic();
    if at.checked_sub(1).is_some_and(|before| joins(&characters[before])) {
        return 0;
    }
    let length = characters[at..].iter().take_while(|c| is_inside(c)).count();
    let word: String = characters[at..at + length].iter().collect();
    let parts: Vec<&str> = word.split('_').collect();
    if parts.len() > 1 && parts.iter().all(|part| part.len() > 1) { length } else { 0 }
}

/// Writes the name of an item in code; the place after it.
fn name(out: &mut String, characters: &[char], at: usize) -> usize {
    let end = at + identifier(characters, at);
    out.extend(["<code>", characters[at..end].iter().collect::<String>().as_str(), "</code>"]);
    end
}

/// Writes what stands between backticks as it is; the place after them.
fn code(out: &mut String, characters: &[char], at: usize) -> usize {
    let inside: String = characters[at + 1..].iter().take_while(|c| **c != '`').collect();
    out.extend(["<code>", escape(&inside).as_str(), "</code>"]);
    at + inside.chars().count() + 2
}

/// Writes a root over what the bracket after it holds; the place after that.
fn root(out: &mut String, characters: &[char], (at, kind): (usize, Kind)) -> usize {
    let mut depth = 0;
    let closes = |c: &char| {
        depth += i32::from(*c == '(') - i32::from(*c == ')');
        depth == 0
    };
    let Some(length) = characters[at + 1..].iter().position(closes) else {
        out.push('√');
        return at + 1;
    };
    let inside: String = characters[at + 2..=at + length].iter().collect();
    out.extend(["√<span class=\"root\">", set(&inside, kind).as_str(), "</span>"]);
    at + length + 2
}

/// Writes what follows `_` or `^`; the place after it.
fn raised(out: &mut String, characters: &[char], (at, mark): (usize, char)) -> usize {
    let tag = if mark == '_' { "sub" } else { "sup" };
    let group = |open: char, close: char| {
        let inside = characters[at + 1..].iter().take_while(|&&c| c != close).count();
        (characters.get(at + 1) == Some(&open) && at + 1 + inside < characters.len()).then_some(inside + 1)
    };
    let length = group('{', '}').or_else(|| group('(', ')')).unwrap_or_else(|| {
        let sign = usize::from(mark == '^' && matches!(characters.get(at + 1), Some('-' | '−')));
        let rest = characters[at + 1 + sign..].iter();
        sign + rest.take_while(|c| c.is_alphanumeric() || (**c == '.' && mark == '^')).count()
    });
    let inside: String =
        characters[at + 1..at + 1 + length].iter().filter(|c| !matches!(c, '{' | '}')).collect();
    if inside.is_empty() {
        out.push(mark);
    } else {
        out.extend(["<", tag, ">", escape(&inside).as_str(), "</", tag, ">"]);
    }
    at + 1 + length
}

fn is_variable(characters: &[char], (at, kind): (usize, Kind)) -> bool {
    let letter = characters[at];
    let primes = characters[at + 1..].iter().take_while(|c| **c == '\'').count();
    let (before, after) =
        (at.checked_sub(1).map(|i| characters[i]), characters.get(at + 1 + primes).copied());
    // letters of words, also with accents; those of formulas, as Greek ones and raised ones, are others
    let in_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, 'À'..='ɏ' | '’' | '`');
    let joins = |c: Option<char>| c.is_some_and(|c| in_word(c) || matches!(c, '\'' | '-'));
    let goes_on = |c: Option<char>| if primes > 0 { c.is_some_and(in_word) } else { joins(c) };
    if !letter.is_ascii_alphabetic() || joins(before) || goes_on(after) {
        return false;
    }
    let touches =
        |c: Option<char>| c.is_some_and(|c| !c.is_whitespace() && !matches!(c, '.' | ',' | ';' | ':'));
    let begins = characters[..at].iter().rfind(|c| !c.is_whitespace()).is_none_or(|c| *c == '.');
    match letter {
        _ if kind == Kind::Formula => true,
        'a' => touches(before) || touches(after),
        'A' => !begins || touches(after),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_among_words() {
        assert_eq!(
            typeset("a row x is at most γ_{n+6} of 2^64"),
            "a row <i>x</i> is at most γ<sub>n+6</sub> of 2<sup>64</sup>"
        );
        assert_eq!(typeset("A⁻¹b ≤ c·a"), "<i>A</i>⁻¹<i>b</i> ≤ <i>c</i>·<i>a</i>");
        assert_eq!(typeset("e^-x_i + log-normal"), "<i>e</i><sup>-x</sup><sub>i</sub> + log-normal");
        assert_eq!(
            typeset("√(1 + η)/f and √(a(b + 2))x"),
            "√<span class=\"root\">1 + η</span>/<i>f</i> and √<span class=\"root\"><i>a</i>(<i>b</i> + 2)</span><i>x</i>"
        );
        assert_eq!(
            typeset("log_volume_excess of d_v"),
            "<code>log_volume_excess</code> of <i>d</i><sub>v</sub>"
        );
        assert_eq!(typeset("‖x − x'‖ < 1 & more"), "‖<i>x</i> − <i>x</i>′‖ &lt; 1 &amp; more");
        assert_eq!(typeset("Rényi's law, one's own"), "Rényi's law, one's own");
        assert_eq!(typeset("A bound on A and B"), "A bound on <i>A</i> and <i>B</i>");
        assert_eq!(formula("a + A"), "<i>a</i> + <i>A</i>");
    }

    #[test]
    fn marks_without_anything_behind_them_stay() {
        assert_eq!(typeset("_ and ^"), "_ and ^");
        assert_eq!(typeset("k_{"), "<i>k</i>_{");
        assert_eq!(typeset("√(k"), "√(<i>k</i>");
        assert_eq!(typeset("<script>"), "&lt;script&gt;");
        assert_eq!(typeset("`a_b < c` in f64, `"), "<code>a_b &lt; c</code> in f64, `");
    }
}
