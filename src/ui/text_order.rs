//! Right-to-left text in the order in which it is seen. epaint shapes (joins, mirrors in place) each word by itself and then
//! sets one word after the other from left to right, so that what is put into order here are words, numbers and signs, not
//! letters: inside a right-to-left word the letters stay as they are typed. Left-to-right text is handed back untouched.

use std::borrow::Cow;
use std::ops::Range;

use unicode_bidi::BidiInfo;

/// A piece of a text that is shaped by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Piece {
    /// Where it stands in the text as typed, bytes.
    pub range: Range<usize>,
    /// The sign to show instead: a bracket in right-to-left text.
    pub mirrored: Option<char>,
}

impl Piece {
    /// Its text in `text`.
    pub(in crate::ui) fn push_to(&self, text: &str, out: &mut String) {
        match self.mirrored {
            Some(sign) => out.push(sign),
            None => out.push_str(text.get(self.range.clone()).unwrap_or("")),
        }
    }
}

/// Whether a character belongs to a script written from right to left, its marks, digits and punctuation included.
fn is_of_rtl_script(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// Whether anything in a text is written from right to left; cheap, as it looks at letters only where a byte hints at them.
pub(in crate::ui) fn has_rtl(text: &str) -> bool {
    // U+0590 begins with the byte D6; everything from left to right in Latin, Greek and Cyrillic lies below.
    text.bytes().any(|byte| byte >= 0xd6) && text.chars().any(is_of_rtl_script)
}

fn mirrored(c: char) -> Option<char> {
    const PAIRS: [(char, char); 6] =
        [('(', ')'), ('[', ']'), ('{', '}'), ('<', '>'), ('\u{ab}', '\u{bb}'), ('\u{2039}', '\u{203a}')];
    PAIRS.iter().find_map(|(open, close)| match c {
        c if c == *open => Some(*close),
        c if c == *close => Some(*open),
        _ => None,
    })
}

/// The pieces of each line of a text, from left to right as they are seen. `lines` are ranges of bytes in the text as
/// typed, in order; the direction is that of the whole text's first strong letter.
pub(in crate::ui) fn visual_lines(text: &str, lines: &[Range<usize>]) -> Vec<Vec<Piece>> {
    let info = BidiInfo::new(text, None);
    lines.iter().map(|line| visual_line(text, &info, line)).collect()
}

fn visual_line(text: &str, info: &BidiInfo<'_>, line: &Range<usize>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for paragraph in &info.paragraphs {
        let start = line.start.max(paragraph.range.start);
        let end = line.end.min(paragraph.range.end);
        if start >= end || !text.is_char_boundary(start) || !text.is_char_boundary(end) {
            continue;
        }
        let (levels, runs) = info.visual_runs(paragraph, start..end);
        for run in runs {
            let is_rtl = levels.get(run.start).is_some_and(unicode_bidi::Level::is_rtl);
            if is_rtl {
                push_reversed(text, run, &mut pieces);
            } else {
                pieces.push(Piece { range: run, mirrored: None });
            }
        }
    }
    pieces
}

/// The words and signs of a right-to-left run, last first.
fn push_reversed(text: &str, run: Range<usize>, pieces: &mut Vec<Piece>) {
    let first = pieces.len();
    let mut in_word = false;
    for (offset, c) in text.get(run.clone()).unwrap_or("").char_indices() {
        let (start, end) = (run.start + offset, run.start + offset + c.len_utf8());
        let is_of_word = is_of_rtl_script(c);
        match pieces.last_mut() {
            Some(word) if is_of_word && in_word => word.range.end = end,
            _ => pieces.push(Piece { range: start..end, mirrored: mirrored(c) }),
        }
        in_word = is_of_word;
    }
    if let Some(added) = pieces.get_mut(first..) {
        added.reverse();
    }
}

/// A one-line text with its words in the order in which they are seen. Text that wraps must be cut into lines first
/// ([`visual_lines`]), because the first line holds the first words, not the leftmost.
pub(in crate::ui) fn visual_order(text: &str) -> Cow<'_, str> {
    if !has_rtl(text) {
        return Cow::Borrowed(text);
    }
    let whole = 0..text.len();
    let mut out = String::with_capacity(text.len() + 8);
    for piece in visual_lines(text, &[whole]).into_iter().flatten() {
        let mut shown = String::new();
        piece.push_to(text, &mut shown);
        let touches = out.chars().next_back().is_some_and(is_of_rtl_script)
            && shown.chars().next().is_some_and(is_of_rtl_script);
        if touches {
            // Keeps the shaper from taking two pieces for one word.
            out.push('\u{200e}');
        }
        out.push_str(&shown);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::{has_rtl, visual_lines, visual_order};
    use std::borrow::Cow;

    fn check(typed: &str, seen: &str) {
        assert_eq!(visual_order(typed), seen, "{typed}");
    }

    #[test]
    fn text_from_left_to_right_is_untouched() {
        for text in ["", "Water 400 ml", "Größe 42", "お茶 500ml", "Чай 100 г", "☕ (x3)"] {
            assert!(matches!(visual_order(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn an_arabic_title_with_a_number_and_a_latin_unit() {
        check("شاي أخضر 400 ml", "ml 400 أخضر شاي");
        check("شاي 400ml نعناع", "نعناع 400ml شاي");
    }

    #[test]
    fn digits_keep_their_order_and_brackets_turn() {
        check("شاي ٤٠٠ مل", "مل ٤٠٠ شاي");
        check("شاي (كبير)", "(كبير) شاي");
        check("٤٠٠مل شاي", "شاي مل\u{200e}٤٠٠");
    }

    #[test]
    fn an_arabic_name_in_an_english_title() {
        check("Green tea شاي أخضر 400 ml", "Green tea 400 أخضر شاي ml");
        check("tea שלום עולם pack", "tea עולם שלום pack");
    }

    #[test]
    fn the_first_line_holds_the_first_words() {
        let text = "شاي أخضر كبير";
        let cut = "شاي أخضر ".len();
        let lines = visual_lines(text, &[0..cut, cut..text.len()]);
        let shown = |line: &[super::Piece]| {
            let mut out = String::new();
            line.iter().for_each(|piece| piece.push_to(text, &mut out));
            out.trim().to_owned()
        };
        assert_eq!(lines.iter().map(|line| shown(line)).collect::<Vec<_>>(), ["أخضر شاي", "كبير"]);
    }

    #[test]
    fn every_character_is_shown_once() {
        for text in ["شاي أخضر 400 ml (كبير) x3", "שלום abc 12 עולם", "a\u{202e}b\nשלום\nc"]
        {
            let whole = 0..text.len();
            let mut ranges: Vec<_> =
                visual_lines(text, &[whole]).into_iter().flatten().map(|piece| piece.range).collect();
            ranges.sort_by_key(|range| range.start);
            assert_eq!(ranges.first().map(|range| range.start), Some(0));
            assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start), "{text}: {ranges:?}");
            assert_eq!(ranges.last().map(|range| range.end), Some(text.len()));
        }
        assert!(!has_rtl("漢字 €"));
    }
}
