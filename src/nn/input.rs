//! What a network is given.

use candle_core::{DType, Result, Tensor, bail};

/// A batch.
#[derive(Clone, Copy, Debug)]
pub enum NetworkInput<'a> {
    /// Pictures (n, c, h, w), normalised as the network expects.
    Images(&'a Tensor),
    /// What another part of the network has computed: (n, ...), of the shape at which it was cut.
    Features(&'a Tensor),
    /// Titles as tokens.
    Tokens {
        /// (n, t) of u32.
        ids: &'a Tensor,
        /// (n, t) of f32: 1 for real tokens, 0 for padding.
        mask: &'a Tensor,
    },
    /// Titles of different lengths as tokens one after the other, without padding (or with padding that the network
    /// was trained to see); only for plans that say so ([`super::Plan::reads_titles_unpadded`]).
    Titles {
        /// Ids of all titles.
        ids: &'a [u32],
        /// Tokens of each title, at least one each.
        lengths: &'a [usize],
    },
}

impl<'a> NetworkInput<'a> {
    /// The pictures.
    ///
    /// # Errors
    /// When tokens were given or the tensor has other than four dimensions.
    pub fn images(&self) -> Result<&'a Tensor> {
        match self {
            Self::Images(images) => {
                images.dims4()?;
                Ok(images)
            }
            Self::Features(_) => bail!("the network reads pictures and was given features"),
            Self::Tokens { .. } | Self::Titles { .. } => {
                bail!("the network reads pictures and was given tokens")
            }
        }
    }

    /// The features.
    ///
    /// # Errors
    /// When anything else was given.
    pub fn features(&self) -> Result<&'a Tensor> {
        match self {
            Self::Features(features) => Ok(features),
            Self::Images(_) => bail!("the network reads features and was given pictures"),
            Self::Tokens { .. } | Self::Titles { .. } => {
                bail!("the network reads features and was given tokens")
            }
        }
    }

    /// The ids (n, t) and their mask.
    ///
    /// # Errors
    /// When pictures were given, or the two are not of one shape and of u32 and f32.
    pub fn tokens(&self) -> Result<(&'a Tensor, &'a Tensor)> {
        match self {
            Self::Images(_) => bail!("the network reads tokens and was given pictures"),
            Self::Features(_) => bail!("the network reads tokens and was given features"),
            Self::Titles { .. } => bail!("this network reads titles only with padding"),
            Self::Tokens { ids, mask } => {
                if ids.dims2()? != mask.dims2()? || ids.dtype() != DType::U32 || mask.dtype() != DType::F32 {
                    let (ids, mask) = ((ids.shape(), ids.dtype()), (mask.shape(), mask.dtype()));
                    bail!("token ids {ids:?} and their mask {mask:?} are not (n, t) of u32 and f32");
                }
                Ok((ids, mask))
            }
        }
    }

    /// The mask (n, t) of tokens, `None` for pictures.
    pub fn mask(&self) -> Option<&'a Tensor> {
        match self {
            Self::Images(_) | Self::Features(_) | Self::Titles { .. } => None,
            Self::Tokens { mask, .. } => Some(mask),
        }
    }
}
