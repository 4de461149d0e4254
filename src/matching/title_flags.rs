//! Where two titles disagree in what tells products apart: numbers with units, counts, clothing sizes, model codes.
//!
//! A disagreement is flagged only when both titles say something comparable (both a volume, both a count) and each says
//! something the other does not: "400 ml" against "0.4 l" is none, nor is "8GB 256GB" against "256GB". It judges nothing
//! else about titles and remembers nothing between calls; it is fast enough for every row of every frame.

mod facts;
mod tokens;
mod units;

#[cfg(test)]
mod tests;

use facts::{Fact, Facts, What, facts};

/// One disagreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TitleFlag {
    /// What kind of number: "size", "count", "model".
    pub kind: &'static str,
    /// As the first title has it.
    pub left: String,
    /// As the second title has it.
    pub right: String,
}

/// The disagreements of two titles; empty when nothing comparable differs.
pub fn title_flags(left: &str, right: &str) -> Vec<TitleFlag> {
    if left == right {
        return Vec::new();
    }
    let (left_facts, right_facts) = (facts(left), facts(right));
    let mut flags = Vec::new();
    for what in What::ALL {
        let Some((a, b)) = disagreement(&left_facts, &right_facts, what) else { continue };
        flags.push(TitleFlag { kind: what.kind(), left: a.text(left), right: b.text(right) });
    }
    let codes = |facts: &Facts, other: &Facts, title: &str, other_title: &str| {
        let lonely = facts.codes.iter().find(|code| {
            !other
                .codes
                .iter()
                .any(|rival| is_same_code(slice(title, code.0, code.1), slice(other_title, rival.0, rival.1)))
        });
        lonely.map(|code| slice(title, code.0, code.1).to_owned())
    };
    let a = codes(&left_facts, &right_facts, left, right);
    let b = codes(&right_facts, &left_facts, right, left);
    if let (Some(left), Some(right)) = (a, b) {
        flags.push(TitleFlag { kind: "model", left, right });
    }
    flags
}

/// The first fact of each title about `what` that the other lacks, where both lack one.
fn disagreement<'a>(left: &'a Facts, right: &'a Facts, what: What) -> Option<(&'a Fact, &'a Fact)> {
    fn lonely<'a>(facts: &'a Facts, other: &Facts, what: What) -> Option<&'a Fact> {
        facts
            .facts
            .iter()
            .filter(|fact| fact.what == what)
            .find(|fact| !other.facts.iter().any(|rival| rival.what == what && fact.agrees(rival)))
    }
    Some((lonely(left, right, what)?, lonely(right, left, what)?))
}

/// Codes are the same when one begins with the other, case and hyphens aside: sellers leave suffixes out.
fn is_same_code(a: &str, b: &str) -> bool {
    let mut a = a.chars().filter(|c| c.is_alphanumeric()).map(|c| tokens::fold(c).to_ascii_uppercase());
    let mut b = b.chars().filter(|c| c.is_alphanumeric()).map(|c| tokens::fold(c).to_ascii_uppercase());
    loop {
        match (a.next(), b.next()) {
            (Some(a), Some(b)) if a == b => {}
            (Some(_), Some(_)) => return false,
            _ => return true,
        }
    }
}

fn slice(title: &str, start: usize, end: usize) -> &str {
    title.get(start..end).unwrap_or("")
}
