//! What a title says in numbers: quantities in base units, counts, clothing sizes, and codes of letters and digits.

use super::tokens::{Number, Token, TokenKind, tokens};
use super::units::{FLUID_OUNCE, INCH, Unit, announces_count, announces_size, counted, holds, unit};

/// What a number is about. Only facts about the same thing are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Volume,
    Mass,
    Length,
    Memory,
    Charge,
    Power,
    Voltage,
    Frequency,
    /// Clothing, as a number in no named system.
    Size,
    /// Clothing, as a number after "EU".
    EuropeanSize,
    /// Clothing, S to XXL.
    LetterSize,
    Count,
    Doses,
    Sheets,
}

impl What {
    pub(super) const ALL: [Self; 14] = [
        Self::Volume,
        Self::Mass,
        Self::Length,
        Self::Memory,
        Self::Charge,
        Self::Power,
        Self::Voltage,
        Self::Frequency,
        Self::Size,
        Self::EuropeanSize,
        Self::LetterSize,
        Self::Count,
        Self::Doses,
        Self::Sheets,
    ];

    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Count | Self::Doses | Self::Sheets => "count",
            _ => "size",
        }
    }
}

/// One thing a title says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fact {
    pub(super) what: What,
    /// In the base unit.
    value: f64,
    /// Where the number can be read in two ways, the other one.
    other: Option<f64>,
    is_imperial: bool,
    start: usize,
    end: usize,
}

impl Fact {
    /// Whether two facts about the same thing say the same, in one way of reading them. Conversions between inches and
    /// centimetres are rounded on packages, so that they need not be exact.
    pub(super) fn agrees(&self, rival: &Self) -> bool {
        let tolerance = if self.is_imperial == rival.is_imperial { 0.0005 } else { 0.02 };
        let near = |a: f64, b: f64| (a - b).abs() <= tolerance * a.abs().max(b.abs());
        let readings = |fact: &Self| [Some(fact.value), fact.other];
        readings(self).iter().flatten().any(|a| readings(rival).iter().flatten().any(|b| near(*a, *b)))
    }

    pub(super) fn text(&self, title: &str) -> String {
        super::slice(title, self.start, self.end).to_owned()
    }
}

/// Everything a title says in numbers.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) facts: Vec<Fact>,
    /// Codes such as "DPT001-00", as start and end in the title.
    pub(super) codes: Vec<(usize, usize)>,
}

struct Reader<'a> {
    title: &'a str,
    tokens: Vec<Token>,
    facts: Facts,
}

/// Reads a title.
pub(super) fn facts(title: &str) -> Facts {
    let mut reader = Reader { title, tokens: tokens(title), facts: Facts::default() };
    let mut at = 0;
    while at < reader.tokens.len() {
        at = reader.read(at).max(at + 1);
    }
    reader.codes();
    reader.facts
}

fn is_times(token: &Token) -> bool {
    token.word() == Some("x") || token.is_sign('*')
}

impl Reader<'_> {
    fn token(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at)
    }

    fn word(&self, at: usize) -> Option<&str> {
        self.token(at).and_then(Token::word)
    }

    fn number(&self, at: usize) -> Option<Number> {
        self.token(at).and_then(Token::number)
    }

    fn is_glued(&self, at: usize) -> bool {
        self.token(at).is_some_and(|token| token.is_glued)
    }

    fn push(&mut self, what: What, number: Number, unit: Option<Unit>, from: usize, to: usize) {
        let (Some(first), Some(last)) = (self.tokens.get(from), self.tokens.get(to)) else { return };
        let scale = unit.map_or(1.0, |unit| unit.scale);
        self.facts.facts.push(Fact {
            what,
            value: number.value * scale,
            other: number.other.map(|other| other * scale),
            is_imperial: unit.is_some_and(|unit| unit.is_imperial),
            start: first.start,
            end: last.end,
        });
    }

    /// Reads what begins at a token; returns where to go on.
    fn read(&mut self, at: usize) -> usize {
        match self.token(at).map(|token| token.kind) {
            Some(TokenKind::Number(number)) => self.read_number(at, number),
            Some(TokenKind::Word(_)) => self.read_letter_size(at, at),
            _ => at + 1,
        }
    }

    /// The unit that begins at a token, and its last token. A hyphen may stand before it ("10-inch").
    fn unit_at(&self, at: usize) -> Option<(Unit, usize)> {
        let token = self.token(at)?;
        if token.is_sign('-') && token.is_glued && self.is_glued(at + 1) {
            return self.unit_at(at + 1).filter(|_| self.word(at + 1).is_some_and(|word| word.len() > 1));
        }
        if token.is_sign('"') && token.is_glued {
            return Some((INCH, at));
        }
        let word = token.word()?;
        if word == "fl" {
            let dot = usize::from(self.token(at + 1).is_some_and(|token| token.is_sign('.')));
            return (self.word(at + 1 + dot) == Some("oz")).then_some((FLUID_OUNCE, at + 1 + dot));
        }
        if word == "in" && token.is_glued && !self.is_glued(at + 1) {
            return Some((INCH, at));
        }
        let goes_on = self.is_glued(at + 1) && self.number(at + 1).is_some();
        unit(word).filter(|_| !goes_on).map(|unit| (unit, at))
    }

    /// Whether the number at a token belongs to a code: letters are glued to it from the left, with or without a hyphen.
    fn is_in_code(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).filter(|_| self.is_glued(at)) else { return false };
        let is_letters = |at: usize| {
            self.word(at).is_some_and(|word| {
                word.bytes().all(|byte| byte.is_ascii())
                    && !announces_count(word)
                    && announces_size(word).is_none()
            })
        };
        let is_hyphen = self.token(before).is_some_and(|token| token.is_sign('-') || token.is_sign('_'));
        is_letters(before) || is_hyphen && self.is_glued(before) && before > 0 && is_letters(before - 1)
    }

    fn read_number(&mut self, at: usize, first: Number) -> usize {
        let is_in_code = self.is_in_code(at);
        // "2 x 250 ml", "20 x 30 x 5 cm"
        let mut last = at;
        while self.token(last + 1).is_some_and(is_times) && self.number(last + 2).is_some() {
            last += 2;
        }
        // "1/2 inch"
        let mut number = self.number(last).unwrap_or(first);
        if let (true, Some(below)) =
            (self.token(last + 1).is_some_and(|token| token.is_sign('/')), self.number(last + 2))
            && matches!(below.value as u32, 2 | 3 | 4 | 8 | 16)
            && number.value < below.value
            && self.unit_at(last + 3).is_some()
        {
            number = Number { value: number.value / below.value, other: None };
            last += 2;
        }
        if let Some((unit, end)) = self.unit_at(last + 1) {
            let is_long = self.tokens.get(end).is_some_and(|token| token.end - token.start > 1);
            if !is_in_code || is_long {
                return self.read_quantity(at, last, number, unit, end);
            }
        }
        if is_in_code || last != at {
            return last + 1;
        }
        if let Some(end) = self.read_count(at, first) {
            return end;
        }
        let before = at.checked_sub(1).map(|before| {
            let sign = self.token(before).is_some_and(|token| token.is_sign('.') || token.is_sign(':'));
            if sign { before.saturating_sub(1) } else { before }
        });
        let Some(before) = before else { return at + 1 };
        if self.word(before).is_some_and(announces_count) {
            // "x3" is a count, "A x 3" is not.
            if self.word(before) != Some("x") || self.is_glued(at) {
                self.push(What::Count, first, None, before, at);
            }
        } else if self.word(before) == Some("of") && before > 0 && self.word(before - 1).is_some_and(holds) {
            self.push(What::Count, first, None, before - 1, at);
        } else if let Some(what) = self.word(before).and_then(announces_size) {
            self.push(what, first, None, before, at);
        }
        at + 1
    }

    /// `number` of a `unit` that ends at `end`; where several numbers are multiplied, the first is at `from`.
    fn read_quantity(&mut self, from: usize, last: usize, number: Number, unit: Unit, end: usize) -> usize {
        let factors: Vec<Number> = (from..last).step_by(2).filter_map(|at| self.number(at)).collect();
        let is_product = last > from && self.token(from + 1).is_some_and(is_times);
        if is_product && unit.what == What::Length {
            for (place, side) in factors.iter().enumerate() {
                self.push(What::Length, *side, Some(unit), from + 2 * place, end);
            }
        } else if is_product {
            let value = factors.iter().map(|factor| factor.value).product();
            self.push(What::Count, Number { value, other: None }, None, from, last.saturating_sub(1));
        }
        let shown_from = if is_product { last } else { from };
        self.push(unit.what, number, Some(unit), shown_from, end);
        // "250 ml x 2"
        let times = self.token(end + 1).is_some_and(is_times);
        if let (true, Some(count)) = (times, self.number(end + 2))
            && self.unit_at(end + 3).is_none()
        {
            self.push(What::Count, count, None, end + 1, end + 2);
            return end + 3;
        }
        end + 1
    }

    /// "12 pcs", "6er Pack", "6-pack", "3x", "2XL"; returns where to go on.
    fn read_count(&mut self, at: usize, number: Number) -> Option<usize> {
        let hyphen = usize::from(self.token(at + 1).is_some_and(|token| token.is_sign('-')));
        let after = at + 1 + hyphen;
        let word = self.word(after)?;
        if let Some(what) = counted(word) {
            // "er" counts only as in "6er".
            if word == "er" && !self.is_glued(after) {
                return None;
            }
            let end = if word == "er" && self.word(after + 1).and_then(counted).is_some() {
                after + 1
            } else {
                after
            };
            self.push(what, number, None, at, end);
            return Some(end + 1);
        }
        if word == "x" && self.is_glued(after) && !self.is_glued(after + 1) && hyphen == 0 {
            self.push(What::Count, number, None, at, after);
            return Some(after + 1);
        }
        if word == "xl" && self.is_glued(after) && (2.0..=6.0).contains(&number.value) {
            let value = Number { value: 2.0 + number.value, other: None };
            self.push(What::LetterSize, value, None, at, after);
            return Some(after + 1);
        }
        None
    }

    /// XS and XL anywhere in capitals; S, M and L only after a word for size, or in a list of sizes after it.
    fn read_letter_size(&mut self, at: usize, first: usize) -> usize {
        let Some(token) = self.token(at) else { return at + 1 };
        let text = super::slice(self.title, token.start, token.end);
        let value = match token.word() {
            Some("xxs") => -2.0,
            Some("xs") => -1.0,
            Some("s") => 0.0,
            Some("m") => 1.0,
            Some("l") => 2.0,
            Some("xl") => 3.0,
            Some("xxl") => 4.0,
            Some("xxxl") => 5.0,
            _ => return at + 1,
        };
        let is_announced = at > first
            || at.checked_sub(1).and_then(|before| self.word(before)).and_then(announces_size).is_some();
        let is_capital = !text.chars().any(char::is_lowercase);
        let stands_alone = !self.is_glued(at) || at > first || is_announced;
        let is_followed = self.is_glued(at + 1) && self.number(at + 1).is_some();
        if is_capital && stands_alone && !is_followed && (is_announced || text.chars().count() > 1) {
            self.push(What::LetterSize, Number { value, other: None }, None, at, at);
            let is_list = self
                .token(at + 1)
                .is_some_and(|token| token.is_sign('/') || token.is_sign(',') || token.is_sign('-'));
            if is_list {
                return self.read_letter_size(at + 2, first).max(at + 1);
            }
        }
        at + 1
    }

    /// Runs of letters, digits and hyphens that hold a letter and at least two digits, and no quantity.
    fn codes(&mut self) {
        let is_part = |token: &Token| match token.kind {
            TokenKind::Number(_) => true,
            TokenKind::Sign(sign) => matches!(sign, '-' | '_'),
            TokenKind::Word(word) => word.as_str().bytes().all(|byte| byte.is_ascii()),
        };
        let mut at = 0;
        while at < self.tokens.len() {
            let start = at;
            at += 1;
            if !self.tokens.get(start).is_some_and(is_part) {
                continue;
            }
            while self.tokens.get(at).is_some_and(|token| token.is_glued && is_part(token)) {
                at += 1;
            }
            let (Some(first), Some(last)) = (self.tokens.get(start), self.tokens.get(at - 1)) else {
                continue;
            };
            let (from, to) = (first.start, last.end);
            let is_taken = self.facts.facts.iter().any(|fact| fact.start < to && from < fact.end);
            if !is_taken && is_code(super::slice(self.title, from, to)) {
                self.facts.codes.push((from, to));
            }
        }
    }
}

/// "SM-A12", "DPT001-00" and "WH-1000XM4" are; "24jam", "3D", "20x30" and "2021" are not.
fn is_code(text: &str) -> bool {
    let n_digits = text.chars().filter(|c| super::tokens::fold(*c).is_ascii_digit()).count();
    let n_letters = text.chars().filter(|c| c.is_alphabetic()).count();
    if n_digits < 2 || n_letters < 1 || n_digits + n_letters < 4 {
        return false;
    }
    // "1920x1080" says a size without a unit.
    let is_product = text.chars().filter(|c| c.is_alphabetic()).all(|c| super::tokens::fold(c) == 'x');
    let plain = text.chars().filter(|c| c.is_alphanumeric()).map(super::tokens::fold);
    let tail = plain.skip_while(char::is_ascii_digit);
    let is_number_and_word = tail.clone().all(|c| c.is_alphabetic()) && tail.count() >= 3;
    let starts_with_digit = text.chars().next().is_some_and(|c| super::tokens::fold(c).is_ascii_digit());
    !(is_product || is_number_and_word && starts_with_digit)
}
