//! The table of image architectures: each builds its graph up to the pooled features, with timm's parameter names.

use crate::nn::Graph;

/// One line of the table. An architecture is one file; its sizes are lines.
#[derive(Clone, Copy)]
pub struct ImageArchitecture {
    /// Stable id, timm's name of the architecture.
    pub id: &'static str,
    /// Numbers an embedding.
    pub width: usize,
    /// Side in pixels of the square it is usually given; the graph itself may take others.
    pub size: u32,
    /// Builds the graph for pictures of this side: (n, 3, side, side) to (n, width).
    pub graph: fn(side: u32) -> Graph,
    /// The name a parameter has in files of other libraries (torchvision), tried where timm's name is absent.
    pub other_name: fn(&str) -> Option<String>,
}

impl std::fmt::Debug for ImageArchitecture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImageArchitecture").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Every image architecture.
pub const IMAGE_ARCHITECTURES: &[ImageArchitecture] = &[];

/// The architecture with this id.
pub fn image_architecture(id: &str) -> Option<&'static ImageArchitecture> {
    IMAGE_ARCHITECTURES.iter().find(|architecture| architecture.id == id)
}
