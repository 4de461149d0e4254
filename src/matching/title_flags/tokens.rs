//! A title as numbers, words and signs. Full-width letters and digits read as ASCII, Arabic-Indic and Persian digits as
//! digits; words end where the script changes to or from Chinese and Japanese. It knows no units.

/// A number as written: "1.000" may be a thousand or one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number {
    pub(super) value: f64,
    /// The other way to read it.
    pub(super) other: Option<f64>,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TokenKind {
    Number(Number),
    Word(Word),
    Sign(char),
}

/// A word in lower case, cut off after its first 24 bytes, which no unit reaches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    bytes: [u8; 24],
    len: u8,
}

/// A piece of a title.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// Where it starts and ends in the title, bytes.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether nothing lies between it and the token before it.
    pub(super) is_glued: bool,
}

impl std::fmt::Debug for Word {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.as_str())
    }
}

impl Word {
    fn new() -> Self {
        Self { bytes: [0; 24], len: 0 }
    }

    fn push(&mut self, c: char) {
        let start = usize::from(self.len);
        if let Some(room) = self.bytes.get_mut(start..).filter(|room| room.len() >= c.len_utf8()) {
            self.len += c.encode_utf8(room).len() as u8;
        }
    }

    pub(super) fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl Token {
    pub(super) fn word(&self) -> Option<&str> {
        match &self.kind {
            TokenKind::Word(word) => Some(word.as_str()),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<Number> {
        match self.kind {
            TokenKind::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(super) fn is_sign(&self, sign: char) -> bool {
        self.kind == TokenKind::Sign(sign)
    }
}

/// The ASCII character that a full-width form stands for; others as they are.
pub(super) fn fold(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        '\u{2010}'..='\u{2013}' => '-',
        '\u{201c}' | '\u{201d}' | '\u{2033}' => '"',
        '\u{d7}' => 'x',
        _ => c,
    }
}

fn digit(c: char) -> Option<u32> {
    match c {
        '0'..='9' => Some(c as u32 - '0' as u32),
        '\u{660}'..='\u{669}' => Some(c as u32 - 0x660),
        '\u{6f0}'..='\u{6f9}' => Some(c as u32 - 0x6f0),
        _ => None,
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, '.' | ',' | '\u{66b}' | '\u{66c}' | '\'' | '\u{2019}')
}

fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{ff66}'..='\u{ff9d}')
}

/// Digits between separators: how many, and their value.
#[derive(Clone, Copy, Default)]
struct Group {
    len: i32,
    value: f64,
}

/// Reads the groups of a number; `None` for dates, versions and the like.
fn number(groups: &[Group], separators: &[char]) -> Option<Number> {
    let plain = |value| Some(Number { value, other: None });
    let (first, rest) = groups.split_first()?;
    let (Some(last), Some(separator)) = (rest.last(), separators.last()) else { return plain(first.value) };
    let thousands = |groups: &[Group]| groups.iter().fold(0.0, |sum, group| sum * 1000.0 + group.value);
    let decimal = |whole: f64| whole + last.value / 10_f64.powi(last.len);
    let before_last = rest.split_last().map_or(&[][..], |(_, before)| before);
    if before_last.iter().any(|group| group.len != 3) {
        return None;
    }
    let is_mixed = separators.iter().any(|other| other != separator);
    if is_mixed {
        return plain(decimal(thousands(&groups[..groups.len() - 1])));
    }
    match (rest.len(), separator) {
        (1, '\u{66b}') => plain(decimal(first.value)),
        (_, _) if last.len != 3 && rest.len() > 1 => None,
        (1, _) if last.len != 3 || first.value == 0.0 || first.len > 3 => plain(decimal(first.value)),
        (1, '.' | ',') => Some(Number { value: thousands(groups), other: Some(decimal(first.value)) }),
        _ => plain(thousands(groups)),
    }
}

fn fraction(c: char) -> Option<f64> {
    match c {
        '\u{bd}' => Some(0.5),
        '\u{bc}' => Some(0.25),
        '\u{be}' => Some(0.75),
        _ => None,
    }
}

/// The tokens of a title.
pub(super) fn tokens(title: &str) -> Vec<Token> {
    const MOST_GROUPS: usize = 6;
    let mut tokens = Vec::with_capacity(24);
    let mut chars = title.char_indices().map(|(at, c)| (at, fold(c))).peekable();
    let after =
        |at: usize| at + title.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
    let mut previous_end = usize::MAX;
    while let Some((start, c)) = chars.next() {
        if c.is_whitespace() {
            continue;
        }
        let mut end = after(start);
        let kind = if let Some(value) = digit(c) {
            let mut groups = [Group::default(); MOST_GROUPS];
            let mut separators = ['.'; MOST_GROUPS];
            groups[0] = Group { len: 1, value: f64::from(value) };
            let mut n = 1;
            while let Some(&(at, c)) = chars.peek() {
                if let Some(value) = digit(c) {
                    let group = &mut groups[n - 1];
                    *group = Group { len: group.len + 1, value: group.value * 10.0 + f64::from(value) };
                } else {
                    let next = title.get(after(at)..).and_then(|rest| rest.chars().next());
                    let goes_on = is_separator(c) && next.is_some_and(|next| digit(fold(next)).is_some());
                    if !goes_on || n == MOST_GROUPS {
                        break;
                    }
                    separators[n - 1] = c;
                    n += 1;
                }
                end = after(at);
                chars.next();
            }
            let mut read = number(&groups[..n], &separators[..n - 1]);
            if let (Some(&(at, c)), Some(whole)) = (chars.peek(), &mut read)
                && let Some(part) = fraction(c)
            {
                *whole = Number { value: whole.value + part, other: None };
                end = after(at);
                chars.next();
            }
            read.map_or(TokenKind::Sign('?'), TokenKind::Number)
        } else if let Some(value) = fraction(c) {
            TokenKind::Number(Number { value, other: None })
        } else if c.is_alphabetic() {
            let mut word = Word::new();
            c.to_lowercase().for_each(|c| word.push(c));
            while let Some(&(at, next)) = chars.peek() {
                if !next.is_alphabetic() || is_cjk(next) != is_cjk(c) {
                    break;
                }
                next.to_lowercase().for_each(|c| word.push(c));
                end = after(at);
                chars.next();
            }
            TokenKind::Word(word)
        } else {
            TokenKind::Sign(c)
        };
        tokens.push(Token { kind, start, end, is_glued: previous_end == start });
        previous_end = end;
    }
    tokens
}
