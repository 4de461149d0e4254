//! Features from inside a network: its maps after a block, averaged over the cells of a grid laid over the picture, so that a row
//! also tells where something stands; of a picture and its mirror image, averaged. Described by data in `assets/grids.ron`.
//! Trains nothing.
//!
//! Early blocks see parts and textures, late ones kinds of things (Zeiler and Fergus, "Visualizing and Understanding Convolutional
//! Networks", ECCV 2014); cells keep the layout, as spatial pyramids do (Lazebnik, Schmid and Ponce, CVPR 2006).

use serde::Deserialize;

use super::network::{ModelParts, NetworkEncoder, Readout};
use crate::encode::composite::mirrored;
use crate::encode::{EncodeError, Encoder, ModelEntry, ModelStore};
use crate::nn::{DeviceChoice, Precision};

/// Raised when the same weights and pictures give other numbers.
const CODE_VERSION: u32 = 1;
/// Cells along a side at most: more than the maps of any network have pixels.
const MOST_CELLS: usize = 16;

/// A line of `assets/grids.ron`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::encode) struct GridRecipe {
    pub(in crate::encode) id: String,
    pub(in crate::encode) label: String,
    pub(in crate::encode) summary: String,
    /// Id of the model.
    pub(in crate::encode) network: String,
    /// The last block that is computed.
    after: String,
    /// Cells along each side.
    cells: usize,
}

/// The lines Lookalike comes with; none where the text is damaged, which a test rules out.
pub(in crate::encode) fn built_in() -> Vec<GridRecipe> {
    ron::from_str(include_str!("../../../assets/grids.ron")).unwrap_or_default()
}

/// Opens the features of `recipe` from the model `entry`.
///
/// # Errors
/// As for the model itself; [`EncodeError::NoSuchBlock`] where the network cannot be cut after the block.
pub(in crate::encode) fn open(
    recipe: &GridRecipe,
    entry: &ModelEntry,
    store: &ModelStore,
    device: DeviceChoice,
    precision: Precision,
) -> Result<Encoder, EncodeError> {
    let parts = ModelParts::read(entry, store)?;
    let graph = (parts.architecture.graph)(parts.preprocess.size);
    let blocks = graph.blocks();
    let next = blocks.iter().position(|block| *block == recipe.after).and_then(|at| blocks.get(at + 1));
    let cut = next.and_then(|next| graph.split_at(graph.first_node_of(next)?));
    let (cells, after) = (recipe.cells, &recipe.after);
    let Some(cut) = cut.filter(|_| (1..=MOST_CELLS).contains(&cells)) else {
        let (encoder, block) = (recipe.id.clone(), after.clone());
        return Err(EncodeError::NoSuchBlock { encoder, block, blocks });
    };
    let name = format!("grid v{CODE_VERSION} {} after {after} {cells}x{cells}", parts.architecture.id);
    let readout = Readout::Cells { trunk: cut.trunk, cells };
    let encoder = NetworkEncoder::compile(&name, parts, readout, device, precision)?;
    Ok(Encoder::Image(mirrored(Box::new(encoder))))
}

/// Means of a map (height, width) over `cells` by `cells` cells, row-major. Where cells do not divide the map they overlap by a
/// pixel, as adaptive pooling has it.
pub(super) fn cell_means(map: &[f32], height: usize, width: usize, cells: usize) -> Vec<f32> {
    let span = |cell: usize, side: usize| cell * side / cells..((cell + 1) * side).div_ceil(cells);
    let mut means = Vec::with_capacity(cells * cells);
    for cell_row in 0..cells {
        for cell_column in 0..cells {
            let (rows, columns) = (span(cell_row, height), span(cell_column, width));
            let n_pixels = rows.len() * columns.len();
            let of_row = |row: usize| map.get(row * width + columns.start..row * width + columns.end);
            let sum: f32 = rows.filter_map(of_row).flatten().sum();
            means.push(sum / n_pixels.max(1) as f32);
        }
    }
    means
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::{GridRecipe, built_in, cell_means};
    use crate::encode::{Manifest, image_architecture};

    #[test]
    fn cells_are_those_of_adaptive_pooling() {
        // torch.nn.functional.adaptive_avg_pool2d(torch.arange(12.).reshape(1, 1, 3, 4), 2)
        let map: Vec<f32> = (0..12).map(|value| value as f32).collect();
        assert_eq!(cell_means(&map, 3, 4, 2), [2.5, 4.5, 6.5, 8.5]);
        assert_eq!(cell_means(&map, 3, 4, 1), [5.5]);
        assert_eq!(cell_means(&map, 3, 4, 4)[..4], [0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn every_line_names_a_model_and_a_block_it_can_be_cut_after() {
        let lines: Vec<GridRecipe> = built_in();
        assert!(lines.len() >= 6);
        for line in lines {
            let entry = Manifest::built_in().find(&line.network).unwrap();
            let graph = (image_architecture(&entry.architecture).unwrap().graph)(224);
            let blocks = graph.blocks();
            let place = blocks.iter().position(|block| *block == line.after).unwrap();
            let next = graph.first_node_of(blocks.get(place + 1).unwrap()).unwrap();
            assert!(graph.split_at(next).is_some(), "{}", line.id);
            assert!((1..=4).contains(&line.cells), "{}", line.id);
        }
    }
}
