//! The table of the Shopee "Price Match Guarantee" competition: known columns, so nothing is guessed.

use super::delimited::read_delimited;
use super::{Content, FormatSpec};
use crate::catalog::ColumnMap;
use crate::catalog::raw_table::RawTable;

/// Its line in the table of formats.
pub(super) const SPEC: FormatSpec = FormatSpec {
    id: "shopee",
    label: "Shopee table",
    summary: "CSV with posting_id, image, image_phash, title, label_group (any of them with a picture or title)",
    recognises: |content| matches!(content, Content::Text(text) if is_shopee(text)),
    read: |content, max_rows| match content {
        Content::Text(text) => read_delimited(text, max_rows),
        Content::Folder(_) => RawTable::default(),
    },
    roles,
};

const COLUMNS: [&str; 5] = ["posting_id", "image", "image_phash", "title", "label_group"];

/// Whether the header consists of the competition's columns only, among them its own name for the id or the label.
fn is_shopee(text: &str) -> bool {
    let header = text.lines().next().unwrap_or("");
    let names: Vec<&str> = header.split(',').map(|name| name.trim().trim_matches('"')).collect();
    let has = |name: &str| names.contains(&name);
    names.iter().all(|name| COLUMNS.contains(name))
        && (has("image") || has("title"))
        && (has("posting_id") || has("label_group"))
}

fn roles(table: &RawTable) -> ColumnMap {
    let present = |name: &str| table.column(name).map(|_| name.to_owned());
    ColumnMap {
        id: present("posting_id"),
        image: present("image"),
        title: present("title"),
        group: present("label_group"),
    }
}

#[cfg(test)]
mod tests {
    use super::is_shopee;

    fn check(header: &str, expected: bool) {
        assert_eq!(is_shopee(header), expected, "{header}");
    }

    #[test]
    fn any_subset_with_a_picture_or_title_is_recognised() {
        check("posting_id,image,image_phash,title,label_group\nx", true);
        check("posting_id,image,image_phash,title", true);
        check("\"posting_id\",\"title\"\r\n", true);
        check("title,label_group", true);
        check("posting_id,label_group", false);
        check("title", false);
        check("posting_id,image,title,label_group,source", false);
        check("", false);
    }
}
