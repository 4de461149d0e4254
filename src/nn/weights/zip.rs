//! The table of contents of a zip archive whose files are stored as they are, as PyTorch writes its checkpoints.
//! Compressed and encrypted files are refused. The format: PKWARE's APPNOTE, sections 4.3 and 4.5.3.

use std::collections::HashMap;
use std::ops::Range;

use super::source::Source;

const END: &[u8] = b"PK\x05\x06";
const END_LEN: usize = 22;
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR_64: &[u8] = b"PK\x06\x07";
const LOCATOR_64_LEN: usize = 20;
const ENTRY: &[u8] = b"PK\x01\x02";
const ENTRY_LEN: usize = 46;
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_LEN: usize = 30;
/// A table of contents longer than this is not read.
const MAX_TABLE_BYTES: usize = 64 << 20;

/// Name of each file in the archive, and where its bytes lie.
///
/// # Errors
/// With the reason, in words that follow "it is".
pub(super) fn stored_files(source: &Source) -> Result<HashMap<String, Range<usize>>, String> {
    let table = table_of_contents(source).ok_or("a zip archive without its end")?;
    let mut files = HashMap::new();
    let mut rest = table.as_slice();
    while rest.starts_with(ENTRY) {
        let entry = Entry::read(rest).ok_or("a zip archive with a damaged table of contents")?;
        if entry.is_packed {
            return Err(format!("a zip archive whose `{}` is compressed or encrypted", entry.name));
        }
        let bytes =
            entry.bytes(source).ok_or_else(|| format!("a zip archive whose `{}` is cut", entry.name))?;
        rest = rest.get(entry.len..).unwrap_or_default();
        files.insert(entry.name, bytes);
    }
    Ok(files)
}

fn table_of_contents(source: &Source) -> Option<Vec<u8>> {
    // Behind the end record there may be a comment of at most 65,535 bytes.
    let tail_start = source.len().saturating_sub(END_LEN + LOCATOR_64_LEN + 0xFFFF);
    let tail = source.read(tail_start..source.len()).ok()?;
    let end = tail.windows(END.len()).rposition(|window| window == END)?;
    let (mut size, mut offset) = (u64::from(u32_at(&tail, end + 12)?), u64::from(u32_at(&tail, end + 16)?));
    let locator = end
        .checked_sub(LOCATOR_64_LEN)
        .filter(|&at| tail.get(at..).is_some_and(|at| at.starts_with(LOCATOR_64)));
    if let Some(locator) = locator {
        let at = usize::try_from(u64_at(&tail, locator + 8)?).ok()?;
        let record = source.read(at..at.checked_add(56)?).ok()?;
        if !record.starts_with(END_64) {
            return None;
        }
        (size, offset) = (u64_at(&record, 40)?, u64_at(&record, 48)?);
    }
    let (size, offset) = (usize::try_from(size).ok()?, usize::try_from(offset).ok()?);
    if size > MAX_TABLE_BYTES {
        return None;
    }
    source.read(offset..offset.checked_add(size)?).ok()
}

struct Entry {
    name: String,
    is_packed: bool,
    n_bytes: usize,
    local_start: usize,
    /// Of the entry itself.
    len: usize,
}

impl Entry {
    fn read(table: &[u8]) -> Option<Self> {
        let (flags, method) = (u16_at(table, 8)?, u16_at(table, 10)?);
        let [name_len, extra_len, comment_len] =
            [u16_at(table, 28)?, u16_at(table, 30)?, u16_at(table, 32)?].map(usize::from);
        let name = table.get(ENTRY_LEN..ENTRY_LEN + name_len)?;
        let extra = table.get(ENTRY_LEN + name_len..ENTRY_LEN + name_len + extra_len)?;
        // Unpacked size, packed size and start; where a field says "too large" its value is in the extra field 1.
        let mut fields = [u32_at(table, 24)?, u32_at(table, 20)?, u32_at(table, 42)?].map(u64::from);
        let mut large = extra_field(extra, 1).unwrap_or_default();
        for field in &mut fields {
            if *field == u64::from(u32::MAX) {
                *field = u64_at(large, 0)?;
                large = large.get(8..)?;
            }
        }
        let [n_bytes, n_packed, local_start] = fields;
        Some(Self {
            name: String::from_utf8_lossy(name).into_owned(),
            is_packed: method != 0 || flags & 1 != 0 || n_bytes != n_packed,
            n_bytes: usize::try_from(n_bytes).ok()?,
            local_start: usize::try_from(local_start).ok()?,
            len: ENTRY_LEN + name_len + extra_len + comment_len,
        })
    }

    /// Where the file's bytes lie, behind its own header.
    fn bytes(&self, source: &Source) -> Option<Range<usize>> {
        let header = source.read(self.local_start..self.local_start.checked_add(LOCAL_LEN)?).ok()?;
        if !header.starts_with(LOCAL) {
            return None;
        }
        let behind = LOCAL_LEN + usize::from(u16_at(&header, 26)?) + usize::from(u16_at(&header, 28)?);
        let start = self.local_start.checked_add(behind)?;
        let end = start.checked_add(self.n_bytes)?;
        (end <= source.len()).then_some(start..end)
    }
}

fn extra_field(mut extra: &[u8], id: u16) -> Option<&[u8]> {
    loop {
        let len = usize::from(u16_at(extra, 2)?);
        if u16_at(extra, 0)? == id {
            return extra.get(4..4 + len);
        }
        extra = extra.get(4 + len..)?;
    }
}

fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes_at(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes_at(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes_at(bytes, at).map(u64::from_le_bytes)
}
