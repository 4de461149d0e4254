//! Word vectors in every form, whole and broken.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use proptest::prelude::{any, prop, proptest};

use super::*;

fn read(bytes: &[u8]) -> Result<WordVectors, EncodeError> {
    WordVectors::read(Path::new("some/vectors.txt"), bytes, bytes.len() as u64)
}

fn row<'a>(vectors: &'a WordVectors, word: &str) -> &'a [f32] {
    vectors.row(vectors.position(word).unwrap())
}

fn binary(line_break: &str) -> Vec<u8> {
    let mut bytes = b"2 3\n".to_vec();
    for (word, values) in [("red", [0.5_f32, -1.0, 2.0]), ("b\u{e0}g", [3.0, 0.25, 0.0])] {
        bytes.extend(word.as_bytes());
        bytes.push(b' ');
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        bytes.extend(line_break.as_bytes());
    }
    bytes
}

#[test]
fn every_form_gives_the_same_words() {
    let text = "red 0.5 -1 2\nb\u{e0}g 3 2.5e-1 0 \r\n";
    let headed = format!("2 3\n{text}");
    for bytes in [text.as_bytes().to_vec(), headed.into_bytes(), binary("\n"), binary("")] {
        let vectors = read(&bytes).unwrap();
        assert_eq!((vectors.len(), vectors.width(), vectors.problems().1), (2, 3, 0), "{bytes:?}");
        assert_eq!(row(&vectors, "red"), [0.5, -1.0, 2.0]);
        assert_eq!(row(&vectors, "b\u{e0}g"), [3.0, 0.25, 0.0]);
        assert_eq!(vectors.position("RED"), vectors.position("red"));
        assert_eq!(vectors.position("blue"), None);
        assert_eq!(vectors.digest(), blake3::hash(&bytes).to_hex().as_str());
    }
}

#[test]
fn words_may_have_spaces_or_be_numbers() {
    let vectors = read(b"the 1 2\n. . . 3 4\n7 5 6\n").unwrap();
    assert_eq!((row(&vectors, ". . ."), row(&vectors, "7")), (&[3.0, 4.0][..], &[5.0, 6.0][..]));
}

#[test]
fn broken_lines_are_left_out_and_named() {
    let vectors = read(b"a 1 2\nb 1\nc 1 x\na 3 4\n\n\xff 1 2\nd nan 2\ne 5 6").unwrap();
    assert_eq!(
        (vectors.len(), row(&vectors, "a"), row(&vectors, "e")),
        (2, &[1.0, 2.0][..], &[5.0, 6.0][..])
    );
    let (problems, n_problems) = vectors.problems();
    assert_eq!(n_problems, 5);
    let expected = [
        "line 2: it has 1 numbers, expected 2",
        "line 3: \"x\"",
        "line 4: the word \"a\" is there twice",
        "line 6: its word",
        "line 7: \"nan\"",
    ];
    for (problem, expected) in problems.iter().zip(expected) {
        assert!(problem.starts_with(expected), "{problem}");
    }
}

fn check_refused(bytes: &[u8], expected: &str) {
    let message = read(bytes).unwrap_err().to_string();
    assert!(
        message.contains(expected) && message.contains("some/vectors.txt"),
        "{message:?} lacks {expected:?}"
    );
}

#[test]
fn files_that_are_no_vectors_are_refused() {
    check_refused(b"", "empty");
    check_refused(b"word\n", "line 1: a word has 0 numbers");
    check_refused(b"2 0\na\n", "0 numbers");
    check_refused(b"1 99999999\na 1\n", "99999999 numbers");
    check_refused(b"<html>\n<body>\n", "line 1");
    check_refused(b"this is prose\nand more prose\n", "line 1: \"prose\" is no number");
    check_refused(&binary("\n")[..20], "word 2 of 2");
    let wrong_width: String = (0..40).map(|i| format!("w{i} 1 2 3\n")).collect();
    check_refused(format!("a 1 2 3 4\n{wrong_width}").as_bytes(), "line 2: it has 3 numbers, expected 4");
    check_refused(&vec![b'x'; 2 << 20], "line 1 has more than");
    // A header's claim costs nothing.
    check_refused(b"4000000000000 300\n\x01\x02 ", "word 1 of 4000000000000");
}

proptest! {
    #[test]
    fn damaged_bytes_never_panic(position in any::<prop::sample::Index>(), value: u8, length in any::<prop::sample::Index>()) {
        for mut bytes in [binary("\n"), b"3 2\nred 1 2\nbag 3 4\nshoe 5 6\n".to_vec()] {
            let at = position.index(bytes.len());
            bytes[at] = value;
            bytes.truncate(length.index(bytes.len() + 1));
            let _ = read(&bytes);
        }
    }
}
