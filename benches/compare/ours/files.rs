//! Reads the input files of both sides: one-dimensional or row-major `.npy` arrays and JSON.

use std::path::Path;

type Read<T> = Result<T, Box<dyn std::error::Error>>;

/// Shape and numbers of a little-endian, C-ordered `.npy` file whose numbers are of type `kind` ("<f4", "<i4", "<i8").
fn npy<T: bytemuck::Pod>(path: &Path, kind: &str) -> Read<(Vec<usize>, Vec<T>)> {
    let bytes = std::fs::read(path).map_err(|error| format!("{error}: {}", path.display()))?;
    let wrong = || format!("not a version 1 .npy file of {kind}: {}", path.display());
    let header_len =
        bytes.get(8..10).map(|b| usize::from(b[0]) + 256 * usize::from(b[1])).ok_or_else(wrong)?;
    let header =
        bytes.get(10..10 + header_len).and_then(|b| std::str::from_utf8(b).ok()).ok_or_else(wrong)?;
    if !header.contains(kind) || header.contains("'fortran_order': True") {
        return Err(wrong().into());
    }
    let shape = header.split_once('(').and_then(|(_, rest)| rest.split_once(')')).ok_or_else(wrong)?.0;
    let shape = shape
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let numbers = &bytes[10 + header_len..];
    Ok((
        shape,
        bytemuck::pod_collect_to_vec(
            numbers.get(..numbers.len() / size_of::<T>() * size_of::<T>()).ok_or_else(wrong)?,
        ),
    ))
}

/// A matrix of f32: its width and its numbers.
pub fn matrix(path: &Path) -> Read<(usize, Vec<f32>)> {
    let (shape, values) = npy(path, "<f4")?;
    match shape.as_slice() {
        [_, width] => Ok((*width, values)),
        _ => Err(format!("not a matrix: {}", path.display()).into()),
    }
}

/// Numbers of f32.
pub fn floats(path: &Path) -> Read<Vec<f32>> {
    Ok(npy(path, "<f4")?.1)
}

/// Numbers of i32.
pub fn integers(path: &Path) -> Read<Vec<i32>> {
    Ok(npy(path, "<i4")?.1)
}

/// Any JSON value.
pub fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Read<T> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{error}: {}", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}
