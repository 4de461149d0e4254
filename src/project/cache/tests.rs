//! The cache: what was written comes back in any order, what is damaged never does.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::{CacheKey, EmbeddingCache};
use crate::encode::{BitMatrix, CsrMatrix, DenseMatrix, EmbeddingRows, Embeddings};
use crate::index::{Hit, Joined, Neighbors, SearchReport};

fn content(number: u8) -> [u8; 32] {
    blake3::hash(&[number]).into()
}

fn dense(numbers: &[u8]) -> EmbeddingRows {
    let values = numbers.iter().flat_map(|&number| [f32::from(number), 0.5, -1.0]).collect();
    EmbeddingRows::Dense(DenseMatrix { width: 3, values })
}

fn sparse(numbers: &[u8]) -> EmbeddingRows {
    let mut matrix = CsrMatrix::new(300);
    for &number in numbers {
        matrix.columns.extend((0..number % 3).map(|column| u32::from(column) * 100));
        matrix.values.extend((0..number % 3).map(|_| f32::from(number)));
        matrix.offsets.push(matrix.columns.len());
    }
    EmbeddingRows::Sparse(matrix)
}

fn bits(numbers: &[u8]) -> EmbeddingRows {
    let words = numbers.iter().flat_map(|&number| [u64::from(number), u64::MAX]).collect();
    EmbeddingRows::Bits(BitMatrix { n_bits: 128, words })
}

/// Rows that are zero where the number is absent.
fn zeroed(rows: EmbeddingRows, present: &[bool]) -> EmbeddingRows {
    let keep = |at: usize, width: usize| present[at / width];
    match rows {
        EmbeddingRows::Dense(mut matrix) => {
            let values = matrix.values.iter().enumerate();
            matrix.values = values.map(|(at, &value)| if keep(at, 3) { value } else { 0.0 }).collect();
            EmbeddingRows::Dense(matrix)
        }
        EmbeddingRows::Bits(mut matrix) => {
            let words = matrix.words.iter().enumerate();
            matrix.words = words.map(|(at, &word)| if keep(at, 2) { word } else { 0 }).collect();
            EmbeddingRows::Bits(matrix)
        }
        // The absent ones below have no entries.
        EmbeddingRows::Sparse(matrix) => EmbeddingRows::Sparse(matrix),
    }
}

fn key() -> CacheKey {
    CacheKey::new("mobile/net", &["weights", "preprocessing"])
}

fn cache() -> (tempfile::TempDir, EmbeddingCache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = EmbeddingCache::new(folder.path().join("embeddings"));
    (folder, cache)
}

/// Files of the key whose name ends so.
fn files(cache: &EmbeddingCache, ending: &str) -> Vec<std::path::PathBuf> {
    let all = std::fs::read_dir(cache.folder().join(key().folder_name())).unwrap();
    let mut files: Vec<_> = all.map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(ending));
    files.sort();
    files
}

#[test]
fn keys_differ_where_any_part_differs() {
    let keys = [
        CacheKey::new("a", &["bc", "d"]),
        CacheKey::new("a", &["b", "cd"]),
        CacheKey::new("a", &["bc", "d", ""]),
        CacheKey::new("a", &[]),
    ];
    let names: std::collections::BTreeSet<String> = keys.iter().map(CacheKey::folder_name).collect();
    assert_eq!(names.len(), keys.len());
    assert!(key().folder_name().starts_with("mobile_net-"));
}

#[test]
fn shards_come_back_in_the_order_asked_for() {
    for make in [dense, sparse, bits] {
        let (_folder, cache) = cache();
        let asked =
            [Some(content(4)), None, Some(content(1)), Some(content(9)), Some(content(5)), Some(content(4))];
        assert_eq!(cache.load(&key(), &asked).unwrap(), None);
        let mut writer = cache.writer(&key()).unwrap();
        writer
            .write(&[content(1), content(2)], &make(&[1, 2]), &[(content(9), "broken".to_owned())])
            .unwrap();
        assert_eq!(cache.load(&key(), &asked).unwrap(), None);
        assert_eq!(cache.cached(&key(), &[content(1), content(4), content(9)]).unwrap(), [true, false, true]);
        writer.write(&[content(4), content(5), content(1)], &make(&[4, 5, 1]), &[]).unwrap();
        let loaded = cache.load(&key(), &asked).unwrap().unwrap();
        let present = vec![true, false, true, false, true, true];
        let rows = zeroed(make(&[4, 0, 1, 0, 5, 4]), &present);
        assert_eq!(loaded, Embeddings { rows, present });
        assert_eq!(cache.failed(&key()).unwrap(), [(content(9), "broken".to_owned())]);
        let none = cache.load(&key(), &[None, Some(content(9))]).unwrap().unwrap();
        assert_eq!(none.present, [false, false]);
        assert!(writer.write(&[content(1)], &make(&[1, 2]), &[]).is_err());
    }
}

#[test]
fn a_damaged_shard_is_set_aside_and_its_contents_are_missing() {
    type Damage = fn(&mut Vec<u8>);
    let damages: [Damage; 6] = [
        |bytes| bytes.truncate(bytes.len() - 1),
        |bytes| bytes.truncate(5),
        Vec::clear,
        |bytes| bytes[..8].fill(0xff),
        |bytes| bytes[12] = b'x',
        |bytes| *bytes.last_mut().unwrap() ^= 1,
    ];
    for damage in damages {
        let (_folder, cache) = cache();
        let mut writer = cache.writer(&key()).unwrap();
        writer.write(&[content(1)], &dense(&[1]), &[]).unwrap();
        writer.write(&[content(2)], &dense(&[2]), &[]).unwrap();
        let path = files(&cache, ".safetensors").remove(0);
        let mut bytes = std::fs::read(&path).unwrap();
        damage(&mut bytes);
        std::fs::write(&path, &bytes).unwrap();
        let asked = [Some(content(1)), Some(content(2))];
        assert_eq!(cache.load(&key(), &asked).unwrap(), None);
        assert_eq!(cache.cached(&key(), &[content(1), content(2)]).unwrap(), [false, true]);
        let damaged = cache.damaged(&key());
        assert!(damaged.len() == 1 && !damaged[0].reason.is_empty(), "{damaged:?}");
        assert_eq!(std::fs::read(&damaged[0].path).unwrap(), bytes);
        writer.write(&[content(1)], &dense(&[1]), &[]).unwrap();
        assert_eq!(cache.load(&key(), &asked).unwrap().unwrap().rows, dense(&[1, 2]));
    }
}

#[test]
fn a_shard_of_another_width_is_set_aside() {
    let (_folder, cache) = cache();
    let mut writer = cache.writer(&key()).unwrap();
    writer.write(&[content(1)], &dense(&[1]), &[]).unwrap();
    let wide = EmbeddingRows::Dense(DenseMatrix { width: 4, values: vec![0.0; 4] });
    writer.write(&[content(2)], &wide, &[]).unwrap();
    assert_eq!(cache.load(&key(), &[Some(content(1)), Some(content(2))]).unwrap(), None);
    assert_eq!(cache.damaged(&key()).len(), 1);
}

#[test]
fn what_a_killed_process_leaves_is_not_read() {
    let (_folder, cache) = cache();
    let mut writer = cache.writer(&key()).unwrap();
    writer.write(&[content(1)], &dense(&[1]), &[]).unwrap();
    let half = files(&cache, ".safetensors").remove(0).with_file_name(".tmp-0123");
    std::fs::write(&half, b"half a sha").unwrap();
    assert!(cache.load(&key(), &[Some(content(1))]).unwrap().is_some());
    assert!(cache.damaged(&key()).is_empty());
}

#[test]
fn whole_matrices_and_neighbours_survive_a_round_trip() {
    let (_folder, cache) = cache();
    assert_eq!(cache.load_whole(&key()).unwrap(), None);
    assert_eq!(cache.load_neighbors(&key()).unwrap(), None);
    for make in [dense, sparse, bits] {
        let embeddings = Embeddings { rows: make(&[7, 0, 5]), present: vec![true, false, true] };
        cache.save_whole(&key(), &embeddings).unwrap();
        assert_eq!(cache.load_whole(&key()).unwrap().unwrap(), embeddings);
    }
    let lists = vec![vec![Hit { row: 0, score: 1.0 }, Hit { row: 1, score: 0.25 }], vec![]];
    for neighbors in [Neighbors::from_lists(lists), Neighbors::from_lists(vec![])] {
        cache.save_neighbors(&key(), &neighbors).unwrap();
        assert_eq!(cache.load_neighbors(&key()).unwrap().unwrap(), neighbors);
    }
    assert_eq!(cache.load_joined(&key()).unwrap().unwrap().search, SearchReport::Exact);
    let search = SearchReport::Approximate { recall: 0.96, n_cells: 40, n_probes: 3 };
    let joined = Joined { neighbors: Neighbors::from_lists(vec![vec![Hit { row: 0, score: 1.0 }]]), search };
    cache.save_joined(&key(), &joined).unwrap();
    assert_eq!(cache.load_joined(&key()).unwrap().unwrap(), joined);
    assert_eq!(cache.load_remark(&key()), None);
    cache.save_remark(&key(), "said").unwrap();
    assert_eq!(cache.load_remark(&key()).as_deref(), Some("said"));
    for path in files(&cache, ".safetensors") {
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 0x10;
        std::fs::write(&path, &bytes).unwrap();
    }
    assert_eq!(cache.load_whole(&key()).unwrap(), None);
    assert_eq!(cache.load_neighbors(&key()).unwrap(), None);
    assert_eq!(cache.damaged(&key()).len(), 2);
}
