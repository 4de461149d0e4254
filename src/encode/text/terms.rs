//! Splits a title into terms as scikit-learn's vectorizers do: words by `(?u)\b\w\w+\b`, or character n-grams
//! within words (`analyzer="char_wb"`). It never looks at other titles.
//!
//! Python and Rust disagree on little, and where they do Python is followed:
//! - `\w` is a letter, a number or `_`. Rust's `is_alphanumeric` also takes vowel signs (Thai, Devanagari...) and
//!   letters in circles or squares, which Python leaves out, so that it splits words there.
//! - `str.split` also splits at U+001C to U+001F.
//! - `str.lower` and `to_lowercase` agree on every character assigned in Unicode 14 (compared one by one); on
//!   letters newer than the Python at hand, that Python finds no letter where Rust does.

use std::ops::RangeInclusive;

use unicode_normalization::char::is_combining_mark;

use super::stop_words::ENGLISH_STOP_WORDS;

/// What the terms of a title are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Terms {
    /// Lower-case words of two or more characters.
    Words {
        /// Words in this ordered list are left out.
        stop_words: &'static [&'static str],
    },
    /// Lower-case character n-grams of these lengths within words padded with one space on each side.
    CharsWithinWords(RangeInclusive<usize>),
}

impl Terms {
    /// Words, with or without scikit-learn's English stop words.
    pub(super) fn words(options: &crate::encode::EncoderOptions) -> Self {
        Self::Words { stop_words: if options.english_stop_words { ENGLISH_STOP_WORDS } else { &[] } }
    }

    /// `encoder` (id and version), completed by what else decides the terms, for cache keys.
    pub(super) fn fingerprint(&self, encoder: &str) -> String {
        match self {
            Self::Words { stop_words } => format!("{encoder} words, {} stop words", stop_words.len()),
            Self::CharsWithinWords(lengths) => {
                format!("{encoder} char_wb {}-{}", lengths.start(), lengths.end())
            }
        }
    }

    /// Calls `take` with each term of `title`, repeats included, in reading order (n-grams: by word, then by length).
    pub(super) fn each(&self, title: &str, mut take: impl FnMut(&str)) {
        let lower = title.to_lowercase();
        match self {
            Self::Words { stop_words } => {
                for word in lower.split(|character| !is_word_character(character)) {
                    let has_two = word.chars().nth(1).is_some();
                    if has_two && stop_words.binary_search(&word).is_err() {
                        take(word);
                    }
                }
            }
            Self::CharsWithinWords(lengths) => {
                let mut padded = String::new();
                let mut starts = Vec::new();
                for word in lower.split(is_space).filter(|word| !word.is_empty()) {
                    padded.clear();
                    padded.push(' ');
                    padded.push_str(word);
                    padded.push(' ');
                    starts.clear();
                    starts.extend(padded.char_indices().map(|(start, _)| start));
                    starts.push(padded.len());
                    each_ngram(&padded, &starts, lengths.clone(), &mut take);
                }
            }
        }
    }
}

/// The n-grams of one padded word whose characters begin at `starts` (with the end as last start). A word shorter
/// than n is taken whole, but only once, whatever the greater lengths.
fn each_ngram(padded: &str, starts: &[usize], lengths: RangeInclusive<usize>, take: &mut impl FnMut(&str)) {
    let n_chars = starts.len() - 1;
    for length in lengths {
        if length >= n_chars {
            take(padded);
            return;
        }
        for (start, end) in starts.iter().zip(&starts[length..]) {
            take(&padded[*start..*end]);
        }
    }
}

/// Python's `\w` for `str` patterns.
fn is_word_character(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric() || character == '_';
    }
    character.is_alphanumeric() && !is_combining_mark(character) && !is_enclosed_letter(character)
}

/// Letters in circles and squares: symbols that Unicode also lists as alphabetic.
fn is_enclosed_letter(character: char) -> bool {
    matches!(character,
        '\u{24B6}'..='\u{24E9}' | '\u{1F130}'..='\u{1F149}' | '\u{1F150}'..='\u{1F169}' | '\u{1F170}'..='\u{1F189}')
}

/// Python's `str.isspace`.
fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1C}'..='\u{1F}').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::{ENGLISH_STOP_WORDS, Terms, is_space, is_word_character};

    fn check(terms: &Terms, title: &str, expected: &[&str]) {
        let mut found = Vec::new();
        terms.each(title, |term| found.push(term.to_owned()));
        assert_eq!(found, expected, "{title}");
    }

    // CountVectorizer().build_analyzer()(title), scikit-learn 1.9.1.
    #[test]
    fn words_parity() {
        let words = Terms::Words { stop_words: &[] };
        check(&words, "Tas Sling-Bag 3 in 1 (NEW) A_b", &["tas", "sling", "bag", "in", "new", "a_b"]);
        check(&words, "", &[]);
        check(&words, "a b 1 ?", &[]);
        check(&words, "ÉCLAIR Straße 50½ml ΟΔΟΣ İĞ", &["éclair", "straße", "50½ml", "οδος"]);
        check(&words, "กระเป๋า ครีมกันแดด हिन्दी", &["กระเป", "คร", "มก", "นแดด"]);
        check(&words, "e\u{301}te\u{301} Ⓐⓑc 日本語", &["te", "日本語"]);
        let kept = Terms::Words { stop_words: ENGLISH_STOP_WORDS };
        check(&kept, "The case for AN iPhone, and more", &["case", "iphone"]);
    }

    // CountVectorizer(analyzer="char_wb", ngram_range=(3, 5)).build_analyzer()(title), scikit-learn 1.9.1.
    #[test]
    fn char_ngrams_within_words_parity() {
        let chars = Terms::CharsWithinWords(3..=5);
        check(&chars, "A", &[" a "]);
        check(&chars, "ab", &[" ab", "ab ", " ab "]);
        check(&chars, "abc", &[" ab", "abc", "bc ", " abc", "abc ", " abc "]);
        check(&chars, "é \u{1C} !", &[" é ", " ! "]);
        check(&chars, " \u{A0}\t", &[]);
    }

    #[test]
    fn character_classes_are_pythons() {
        for (character, word, space) in [
            ('_', true, false),
            ('٣', true, false),
            ('½', true, false),
            ('ⅷ', true, false),
            ('一', true, false),
            ('\u{301}', false, false),
            ('\u{E35}', false, false),
            ('ⓐ', false, false),
            ('🅰', false, false),
            ('\u{1F}', false, true),
            ('\u{85}', false, true),
            ('\u{200B}', false, false),
        ] {
            assert_eq!((is_word_character(character), is_space(character)), (word, space), "{character:?}");
        }
    }
}
