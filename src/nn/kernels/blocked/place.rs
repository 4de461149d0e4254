//! Where a blocked map lies in a buffer.

/// Channels a block.
pub(in crate::nn) const BLOCK: usize = 16;

/// Blocks that hold so many channels.
pub(in crate::nn) fn n_blocks(channels: usize) -> usize {
    channels.div_ceil(BLOCK)
}

/// Pixels of zeros around a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::nn) struct Border {
    pub(in crate::nn) top: usize,
    pub(in crate::nn) bottom: usize,
    pub(in crate::nn) left: usize,
    pub(in crate::nn) right: usize,
}

impl Border {
    /// What serves both.
    pub(in crate::nn) fn union(self, other: Self) -> Self {
        Self {
            top: self.top.max(other.top),
            bottom: self.bottom.max(other.bottom),
            left: self.left.max(other.left),
            right: self.right.max(other.right),
        }
    }

    /// Whether `other` fits within.
    pub(super) fn holds(self, other: Self) -> bool {
        self.union(other) == self
    }
}

/// A map of some images: pixel (y, x) of channel c of image i is the float
/// `start + i * image + c / 16 * block + y * row + x * 16 + c % 16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::nn) struct Place {
    pub(in crate::nn) start: usize,
    /// Floats from an image to the next.
    pub(in crate::nn) image: usize,
    /// Floats from a block of channels to the next.
    pub(in crate::nn) block: usize,
    /// Floats from a row to the next.
    pub(in crate::nn) row: usize,
    pub(in crate::nn) n_images: usize,
    pub(in crate::nn) channels: usize,
    pub(in crate::nn) height: usize,
    pub(in crate::nn) width: usize,
    /// Zeros around each plane, outside of `height` and `width`.
    pub(in crate::nn) border: Border,
}

impl Place {
    /// A map that begins (with its border) at `first`.
    pub(in crate::nn) fn new(
        first: usize,
        n_images: usize,
        channels: usize,
        [height, width]: [usize; 2],
        border: Border,
    ) -> Self {
        let row = (border.left + width + border.right) * BLOCK;
        let block = (border.top + height + border.bottom) * row;
        Self {
            start: first + border.top * row + border.left * BLOCK,
            image: n_blocks(channels) * block,
            block,
            row,
            n_images,
            channels,
            height,
            width,
            border,
        }
    }

    /// Floats of all images with their borders.
    pub(in crate::nn) fn len(&self) -> usize {
        self.image * self.n_images
    }

    /// A run of whole blocks of the channels of this map.
    pub(in crate::nn) fn channels_from(&self, first_channel: usize, channels: usize) -> Self {
        Self { start: self.start + first_channel / BLOCK * self.block, channels, ..*self }
    }

    pub(in crate::nn) fn n_blocks(&self) -> usize {
        n_blocks(self.channels)
    }

    pub(in crate::nn) fn n_pixels(&self) -> usize {
        self.height * self.width
    }

    /// Whether the rows of a plane follow each other without a gap.
    pub(super) fn is_flat(&self) -> bool {
        self.row == self.width * BLOCK
    }

    /// The same with each plane as a single row; only of a flat one.
    pub(super) fn flattened(&self) -> Self {
        let width = self.n_pixels();
        Self { height: 1, width, row: width * BLOCK, border: Border::default(), ..*self }
    }

    /// Offset of a pixel's block.
    pub(super) fn at(&self, image: usize, block: usize, y: usize, x: usize) -> usize {
        self.start + image * self.image + block * self.block + y * self.row + x * BLOCK
    }

    /// First and last-but-one float of one image, border included.
    fn span(&self) -> std::ops::Range<usize> {
        let first = self.start - self.border.top * self.row - self.border.left * BLOCK;
        let rows = self.height + self.border.bottom;
        let last = self.start
            + self.n_blocks().saturating_sub(1) * self.block
            + rows.saturating_sub(1) * self.row
            + (self.width + self.border.right) * BLOCK;
        first..last
    }

    /// First and last-but-one float of all images, border included.
    pub(super) fn range(&self) -> std::ops::Range<usize> {
        let span = self.span();
        span.start..span.end + self.n_images.saturating_sub(1) * self.image
    }

    /// Whether the whole map lies within `len` floats.
    ///
    /// # Panics
    /// When the border reaches before the buffer.
    pub(super) fn fits(&self, len: usize) -> bool {
        assert!(
            self.border.top * self.row + self.border.left * BLOCK <= self.start,
            "a border before the buffer"
        );
        self.row >= (self.border.left + self.width + self.border.right) * BLOCK
            && self.block >= (self.border.top + self.height + self.border.bottom) * self.row
            && (self.n_images <= 1 || self.image >= self.n_blocks() * self.block)
            && self.range().end <= len
    }

    /// Whether no float is of both maps.
    pub(super) fn is_apart_from(&self, other: &Self) -> bool {
        let (a, b) = (self.span(), other.span());
        let (all_a, all_b) = (self.range(), other.range());
        if all_a.end <= all_b.start || all_b.end <= all_a.start {
            return true;
        }
        // Two runs of channels of one larger map.
        self.image == other.image
            && (a.end <= b.start || b.end <= a.start)
            && a.end.max(b.end) - a.start.min(b.start) <= self.image
    }
}
