//! Layers that make and join tokens: tables of tokens, positions and types, a class token, and pooling to one row.

use candle_core::{D, DType, IndexOp as _, Result, Tensor, bail};

use super::layer::{Layer, Parameters, Pass, one};
use super::linear::widened;
use crate::nn::{NnError, Positions, Table, TokenPool};

/// What a table is used for.
#[derive(Clone, Copy, Debug)]
pub(super) enum TableUse {
    /// Ids become their rows.
    Embedding,
    /// Each token gets the row of its position added.
    Positions(Positions),
    /// Every token gets row 0 added.
    FirstRow,
    /// The whole table is added.
    Whole,
}

/// A table of rows.
#[derive(Debug)]
pub(super) struct TableLayer {
    /// (rows, width).
    table: Tensor,
    purpose: TableUse,
}

impl TableLayer {
    /// Loads the table.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when it is absent or of another shape.
    pub(super) fn load(
        table: &Table,
        purpose: TableUse,
        parameters: Parameters<'_>,
    ) -> std::result::Result<Self, NnError> {
        let Table { name, n_rows, width } = table;
        let table = match purpose {
            TableUse::Whole => parameters.tensor(name, &[1, *n_rows, *width])?.squeeze(0)?,
            _ => parameters.tensor(name, &[*n_rows, *width])?,
        };
        Ok(Self { table, purpose })
    }

    /// The rows of ids of any shape.
    fn rows(&self, ids: &Tensor) -> Result<Tensor> {
        let mut shape = ids.dims().to_vec();
        shape.push(self.table.dim(1)?);
        self.table.index_select(&ids.flatten_all()?, 0)?.reshape(shape)
    }

    fn first_rows(&self, n_rows: usize) -> Result<Tensor> {
        let there = self.table.dim(0)?;
        if n_rows > there {
            bail!("{n_rows} tokens are more than the {there} positions the network knows");
        }
        self.table.narrow(0, 0, n_rows)
    }
}

impl Layer for TableLayer {
    fn forward(&self, inputs: &[Tensor], pass: &mut Pass<'_>) -> Result<Tensor> {
        let input = one(inputs)?;
        match self.purpose {
            TableUse::Embedding => self.rows(input),
            TableUse::FirstRow => input.broadcast_add(&self.first_rows(1)?),
            TableUse::Whole => input.broadcast_add(&self.table),
            TableUse::Positions(Positions::FromZero) => {
                input.broadcast_add(&self.first_rows(input.dim(D::Minus2)?)?)
            }
            TableUse::Positions(Positions::AfterPadding { padding_id }) => {
                let (ids, _) = pass.input.tokens()?;
                self.first_rows(ids.dim(1)?.saturating_add(padding_id as usize).saturating_add(1))?;
                let real = ids.ne(padding_id)?.to_dtype(DType::F32)?;
                // Counted in f32, which is exact far beyond any title's length.
                let positions = ((real.cumsum(1)? * &real)? + f64::from(padding_id))?.to_dtype(DType::U32)?;
                input + self.rows(&positions)?
            }
        }
    }
}

/// A learned token before the others.
#[derive(Debug)]
pub(super) struct PrependTokenLayer {
    /// (1, 1, width).
    token: Tensor,
}

impl PrependTokenLayer {
    /// Loads the token.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when it is absent or of another shape.
    pub(super) fn load(
        name: &str,
        width: usize,
        parameters: Parameters<'_>,
    ) -> std::result::Result<Self, NnError> {
        Ok(Self { token: parameters.tensor(name, &[1, 1, width])? })
    }
}

impl Layer for PrependTokenLayer {
    fn forward(&self, inputs: &[Tensor], _: &mut Pass<'_>) -> Result<Tensor> {
        let tokens = one(inputs)?;
        let (n, _, width) = tokens.dims3()?;
        Tensor::cat(&[&self.token.broadcast_as((n, 1, width))?, tokens], 1)
    }
}

/// One row out of the tokens.
#[derive(Debug)]
pub(super) struct TokenPoolLayer(pub(super) TokenPool);

impl Layer for TokenPoolLayer {
    fn forward(&self, inputs: &[Tensor], pass: &mut Pass<'_>) -> Result<Tensor> {
        let tokens = one(inputs)?;
        let (n, n_tokens, width) = tokens.dims3()?;
        match self.0 {
            TokenPool::First => tokens.i((.., 0))?.contiguous(),
            TokenPool::Last => tokens.i((.., n_tokens.saturating_sub(1)))?.contiguous(),
            TokenPool::Mean => widened(tokens, |tokens| match pass.input.mask() {
                None => tokens.mean(1),
                Some(mask) => {
                    let mask = mask.to_dtype(tokens.dtype())?;
                    let sums = mask.unsqueeze(1)?.matmul(tokens)?.squeeze(1)?;
                    // A title without a real token gets zeros.
                    sums.broadcast_div(&mask.sum_keepdim(1)?.maximum(1.0)?)
                }
            }),
            TokenPool::EndOfText(id) => {
                let (ids, _) = pass.input.tokens()?;
                // argmax takes the first of several, and position 0 where there is none.
                let ends = match id {
                    Some(id) => ids.eq(id)?.to_dtype(DType::F32)?.argmax(1)?,
                    None => ids.to_dtype(DType::F32)?.argmax(1)?,
                };
                let ends = ends.reshape((n, 1, 1))?.broadcast_as((n, 1, width))?.contiguous()?;
                tokens.contiguous()?.gather(&ends, 1)?.squeeze(1)
            }
        }
    }
}
