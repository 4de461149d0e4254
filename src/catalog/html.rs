//! Takes HTML out of titles: known tags and comments go, character references become characters. Not a parser:
//! `<3` and `<L>` are no tags and stay.

use std::borrow::Cow;

/// Tags that stand inside a word; they leave nothing behind. All other known tags leave a space.
const INLINE_TAGS: [&str; 18] = [
    "a", "abbr", "b", "big", "code", "em", "font", "i", "ins", "mark", "s", "small", "span", "strike",
    "strong", "sub", "sup", "u",
];

const BLOCK_TAGS: [&str; 42] = [
    "article",
    "blockquote",
    "body",
    "br",
    "button",
    "center",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "embed",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "iframe",
    "img",
    "input",
    "li",
    "link",
    "meta",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tbody",
    "td",
    "th",
    "tr",
    "ul",
];

/// Elements whose content is no text.
const SILENT_TAGS: [&str; 2] = ["script", "style"];

/// Removes tags and comments, then decodes character references, once.
pub(super) fn strip_html(text: &str) -> Cow<'_, str> {
    let untagged = if text.contains('<') { strip_tags(text) } else { Cow::Borrowed(text) };
    if !untagged.contains('&') {
        return untagged;
    }
    match decode_references(&untagged) {
        Some(decoded) => Cow::Owned(decoded),
        None => untagged,
    }
}

fn strip_tags(text: &str) -> Cow<'_, str> {
    let mut stripped = String::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(at) = rest.get(from..).and_then(|tail| tail.find('<')).map(|at| at + from) {
        let (before, tail) = rest.split_at(at);
        let Some((length, gap)) = tag_at(tail) else {
            from = at + 1;
            continue;
        };
        stripped.push_str(before);
        stripped.push_str(gap);
        rest = tail.get(length..).unwrap_or("");
        from = 0;
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    stripped.push_str(rest);
    Cow::Owned(stripped)
}

/// The length of the tag or comment that `text` begins with, and what takes its place.
fn tag_at(text: &str) -> Option<(usize, &'static str)> {
    if text.starts_with("<!--") {
        return Some((text.find("-->").map_or(text.len(), |end| end + 3), " "));
    }
    let inner = text.strip_prefix('<')?;
    let is_closing = inner.starts_with('/');
    let inner = inner.strip_prefix('/').unwrap_or(inner);
    let name_len = inner.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(inner.len());
    let name = inner.get(..name_len)?;
    let is_one_of = |tags: &[&str]| tags.iter().any(|tag| tag.eq_ignore_ascii_case(name));
    let gap = if is_one_of(&INLINE_TAGS) { "" } else { " " };
    let is_silent = is_one_of(&SILENT_TAGS);
    if gap.is_empty() || is_silent || is_one_of(&BLOCK_TAGS) {
        let after_name = inner.get(name_len..)?;
        if !after_name.starts_with(|letter: char| letter.is_whitespace() || letter == '/' || letter == '>') {
            return None;
        }
        let mut length = text.len() - after_name.len() + after_name.find('>')? + 1;
        if is_silent && !is_closing {
            let tail = text.get(length..)?.to_ascii_lowercase();
            length += tail.find(&format!("</{}", name.to_ascii_lowercase())).unwrap_or(0);
        }
        return Some((length, gap));
    }
    None
}

/// Decodes `&name;`, `&#10;` and `&#xA;`; `None` where there is none.
fn decode_references(text: &str) -> Option<String> {
    let mut decoded = String::new();
    let mut rest = text;
    let mut has_any = false;
    while let Some(at) = rest.find('&') {
        let (before, tail) = rest.split_at(at);
        decoded.push_str(before);
        match reference_at(tail) {
            Some((letter, length)) => {
                decoded.push(letter);
                rest = tail.get(length..).unwrap_or("");
                has_any = true;
            }
            None => {
                decoded.push('&');
                rest = tail.get(1..).unwrap_or("");
            }
        }
    }
    decoded.push_str(rest);
    has_any.then_some(decoded)
}

/// The character that the reference at the start of `text` names, and the reference's length.
fn reference_at(text: &str) -> Option<(char, usize)> {
    // The longest name here has eight letters; looking further would be quadratic in a row of ampersands.
    let head: &[u8] = text.as_bytes().get(1..12.min(text.len()))?;
    let end = head.iter().position(|byte| *byte == b';')?;
    let name = text.get(1..=end)?;
    let letter = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|letter| *letter != '\0')?
        }
        None => named(name)?,
    };
    Some((letter, end + 2))
}

/// Latin-1's names in order from U+00A0 (HTML 4, section 24.2.1).
const LATIN_NAMES: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg \
    plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc \
    Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc \
    Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig \
    ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide \
    oslash ugrave uacute ucirc uuml yacute thorn yuml";

const OTHER_NAMES: [(&str, char); 36] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("bull", '•'),
    ("hellip", '…'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("sbquo", '‚'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("lsaquo", '‹'),
    ("rsaquo", '›'),
    ("trade", '™'),
    ("euro", '€'),
    ("prime", '′'),
    ("Prime", '″'),
    ("dagger", '†'),
    ("permil", '‰'),
    ("larr", '←'),
    ("rarr", '→'),
    ("hearts", '♥'),
    ("minus", '−'),
    ("le", '≤'),
    ("ge", '≥'),
    ("ne", '≠'),
    ("infin", '∞'),
    ("ensp", '\u{2002}'),
    ("emsp", '\u{2003}'),
    ("thinsp", '\u{2009}'),
    ("OElig", 'Œ'),
    ("oelig", 'œ'),
];

fn named(name: &str) -> Option<char> {
    if let Some((_, letter)) = OTHER_NAMES.iter().find(|(known, _)| *known == name) {
        return Some(*letter);
    }
    let at = LATIN_NAMES.split(' ').position(|known| known == name)?;
    char::from_u32(0xa0 + at as u32)
}

#[cfg(test)]
mod tests {
    use super::strip_html;

    fn check(html: &str, expected: &str) {
        assert_eq!(strip_html(html), expected, "{html:?}");
    }

    #[test]
    fn tags_go_and_look_alikes_stay() {
        check("<p>The <b>Zo</b>e</p>", " The Zoe ");
        check("a<br />b<BR>c", "a b c");
        check("<a href='x?a=1&amp;b'>link</a>", "link");
        check("Size <L> for <3 and 3 < 5 > 2 <", "Size <L> for <3 and 3 < 5 > 2 <");
        check("<bold>x", "<bold>x");
        check("<b", "<b");
        check("<style>p{}</style>x<script>if(a<b)</script>y", "  x  y");
        check("a<!-- note -->b<!-- open", "a b ");
    }

    #[test]
    fn references_become_characters_once() {
        check(
            "Tom &amp; Co &lt;b&gt; &bull; 5&quot; &#233;&#xE9;&eacute; &yuml;",
            "Tom & Co <b> • 5\" ééé ÿ",
        );
        check(
            "&amp;amp; R&B &; &nope; &#0; &#xD800; &#99999999999; &",
            "&amp; R&B &; &nope; &#0; &#xD800; &#99999999999; &",
        );
        check("&nbsp;&szlig;&copy", "\u{a0}ß&copy");
    }
}
