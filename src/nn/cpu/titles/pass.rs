//! One pass of some titles through the steps, by one worker.

use std::ops::Range;

use candle_core::{Result, bail};

use super::lower::{Level, Lowered, Step, StepKind, Value};
use crate::nn::kernels::blocked::{Among, Buffer, HeadRoom, Part, RowTable, Seen, Strips, norm_strips};
use crate::nn::{AttentionMask, Positions, TokenPool};

/// Buffers of a pass.
#[derive(Debug, Default)]
pub(super) struct PassMemory {
    slots: Vec<Buffer>,
    room: HeadRoom,
}

#[cfg(test)]
impl PassMemory {
    /// Where the buffers lie.
    pub(super) fn places(&self) -> Vec<*const f32> {
        self.slots.iter().map(|slot| slot.as_slice().as_ptr()).collect()
    }
}

/// The titles of a pass.
#[derive(Debug)]
pub(super) struct PassTitles<'a> {
    ids: &'a [u32],
    hidden: Option<&'a [bool]>,
    /// Tokens of each title.
    titles: Vec<Range<usize>>,
}

impl<'a> PassTitles<'a> {
    /// Titles of `lengths`, as many tokens as there are ids, each at least one; `hidden` is as long as the ids.
    pub(super) fn new(ids: &'a [u32], lengths: &[usize], hidden: Option<&'a [bool]>) -> Self {
        let mut titles = Vec::with_capacity(lengths.len());
        let mut start = 0;
        for &length in lengths {
            titles.push(start..start + length);
            start += length;
        }
        Self { ids, hidden, titles }
    }

    fn hidden_of(&self, title: &Range<usize>) -> Option<&[bool]> {
        self.hidden.and_then(|hidden| hidden.get(title.clone()))
    }

    fn ids_of(&self, title: &Range<usize>) -> &[u32] {
        self.ids.get(title.clone()).unwrap_or_default()
    }
}

impl Lowered {
    /// The network's output for titles, row by row.
    ///
    /// # Errors
    /// When ids or lengths lie beyond the network's tables.
    pub(super) fn run(&self, titles: &PassTitles<'_>, memory: &mut PassMemory) -> Result<Vec<f32>> {
        let PassMemory { slots, room } = memory;
        slots.resize_with(self.n_slots.max(slots.len()), Buffer::default);
        for step in &self.steps {
            let Some(value) = self.values.get(step.output) else { bail!("a step without a result") };
            let rows = self.rows(value, titles);
            // Taken out, so that the others can be read beside it; no input has the same slot.
            let mut output = std::mem::take(&mut slots[value.slot]);
            if output.len() < rows.len() {
                output = Buffer::zeros(rows.len());
            }
            let done = self.run_step(step, titles, slots, (rows, output.as_mut_slice()), room);
            slots[value.slot] = output;
            done?;
        }
        let mut result = Vec::new();
        if let Some(value) = self.steps.last().and_then(|step| self.values.get(step.output)) {
            self.rows(value, titles).append(slots[value.slot].as_slice(), &mut result);
        }
        Ok(result)
    }

    fn rows(&self, value: &Value, titles: &PassTitles<'_>) -> Strips {
        let n_rows = match value.level {
            Level::Tokens => titles.ids.len(),
            Level::Titles | Level::Probes => titles.titles.len(),
        };
        Strips { n_rows, width: value.width, strip: self.tiles.strip() }
    }

    fn run_step(
        &self,
        step: &Step,
        titles: &PassTitles<'_>,
        slots: &[Buffer],
        (rows, output): (Strips, &mut [f32]),
        room: &mut HeadRoom,
    ) -> Result<()> {
        let inputs: Vec<(Strips, &[f32])> = step
            .inputs
            .iter()
            .filter_map(|&input| self.values.get(input))
            .map(|value| (self.rows(value, titles), slots[value.slot].as_slice()))
            .collect();
        let first = inputs.first().copied();
        let Some((from_rows, from)) = first.or((inputs.is_empty()).then_some((rows, &[]))) else {
            bail!("a step lacks its input")
        };
        match &step.operation {
            StepKind::Embedding(table) => {
                for (row, &id) in titles.ids.iter().enumerate() {
                    if id as usize >= table.n_rows() {
                        bail!("token {id} is not among the {} that the network knows", table.n_rows());
                    }
                    rows.write(row, table.row(id as usize), output);
                }
            }
            StepKind::AddPositions(table, positions) => {
                output[..rows.len()].copy_from_slice(&from[..rows.len()]);
                add_positions(table, *positions, titles, (rows, output))?;
            }
            StepKind::AddFirstRow(table) => {
                if table.n_rows() == 0 {
                    bail!("a table of token types without a row");
                }
                output[..rows.len()].copy_from_slice(&from[..rows.len()]);
                (0..rows.n_rows).for_each(|row| rows.add(row, table.row(0), output));
            }
            StepKind::LayerNorm(affine, epsilon) => {
                norm_strips(self.tiles, rows, from, output, (affine, *epsilon));
            }
            StepKind::Linear(layer) => {
                let residual = inputs.get(1).map(|&(_, values)| values);
                layer.run(rows.n_rows, from, residual, output);
            }
            StepKind::Activation(activation) => {
                let pairs = output[..rows.len()].iter_mut().zip(from);
                pairs.for_each(|(to, &from)| *to = activation.value(from));
            }
            StepKind::Scale(factor) => {
                output[..rows.len()].iter_mut().zip(from).for_each(|(to, from)| *to = from * factor);
            }
            StepKind::Add => {
                let Some(&(_, other)) = inputs.get(1) else { bail!("a sum of one") };
                let pairs = output[..rows.len()].iter_mut().zip(from.iter().zip(other));
                pairs.for_each(|(to, (a, b))| *to = a + b);
            }
            StepKind::Attention(n_heads, mask) => {
                let among = Among { tiles: self.tiles, n_heads: *n_heads, head: rows.width / n_heads };
                let part =
                    |part: usize| Part { rows: from_rows, values: from, first_channel: part * rows.width };
                for title in &titles.titles {
                    let seen = match (mask, titles.hidden_of(title)) {
                        (AttentionMask::Causal, _) => Seen::UpToItself,
                        (AttentionMask::Padding, Some(hidden)) => Seen::NotHidden(hidden),
                        _ => Seen::All,
                    };
                    let keys_values = (part(1), part(2), title.clone());
                    let to = (rows, &mut *output, title.start);
                    among.run((part(0), title.clone()), keys_values, seen, to, room);
                }
            }
            StepKind::Probe(n_heads, queries) => {
                let among = Among { tiles: self.tiles, n_heads: *n_heads, head: rows.width / n_heads };
                let probe = Strips { n_rows: 1, ..rows };
                let query = Part { rows: probe, values: queries.as_slice(), first_channel: 0 };
                let part =
                    |part: usize| Part { rows: from_rows, values: from, first_channel: part * rows.width };
                for (row, title) in titles.titles.iter().enumerate() {
                    let keys_values = (part(0), part(1), title.clone());
                    among.run((query, 0..1), keys_values, Seen::All, (rows, &mut *output, row), room);
                }
            }
            StepKind::Pool(pool) => {
                let mut row = vec![0.0_f32; rows.width.next_multiple_of(16)];
                for (to, title) in titles.titles.iter().enumerate() {
                    pooled(*pool, titles, title, (from_rows, from), &mut row);
                    rows.write(to, &row, output);
                }
            }
        }
        Ok(())
    }
}

fn add_positions(
    table: &RowTable,
    positions: Positions,
    titles: &PassTitles<'_>,
    (rows, output): (Strips, &mut [f32]),
) -> Result<()> {
    for title in &titles.titles {
        let n_positions = match positions {
            Positions::FromZero => title.len(),
            Positions::AfterPadding { padding_id } => title.len().saturating_add(padding_id as usize + 1),
        };
        if n_positions > table.n_rows() {
            bail!("{n_positions} tokens are more than the {} positions the network knows", table.n_rows());
        }
        let mut n_real = 0;
        for (place, (row, &id)) in title.clone().zip(titles.ids_of(title)).enumerate() {
            let position = match positions {
                Positions::FromZero => place,
                Positions::AfterPadding { padding_id } if id == padding_id => padding_id as usize,
                Positions::AfterPadding { padding_id } => {
                    n_real += 1;
                    padding_id as usize + n_real
                }
            };
            rows.add(row, table.row(position), output);
        }
    }
    Ok(())
}

/// One row for a title, in whole blocks.
fn pooled(
    pool: TokenPool,
    titles: &PassTitles<'_>,
    title: &Range<usize>,
    (rows, values): (Strips, &[f32]),
    to: &mut [f32],
) {
    let ids = titles.ids_of(title);
    let token = match pool {
        TokenPool::First => 0,
        TokenPool::Last => title.len() - 1,
        // The first of several, and the first token where there is none.
        TokenPool::EndOfText(Some(id)) => ids.iter().position(|&other| other == id).unwrap_or(0),
        TokenPool::EndOfText(None) => {
            let largest = ids.iter().max();
            ids.iter().position(|id| Some(id) == largest).unwrap_or(0)
        }
        TokenPool::Mean => {
            let hidden = titles.hidden_of(title);
            let is_real = |place: usize| hidden.is_none_or(|hidden| hidden.get(place) == Some(&false));
            let mut row = vec![0.0_f32; to.len()];
            to.fill(0.0);
            let mut n_real = 0_usize;
            for (_, token) in title.clone().enumerate().filter(|&(place, _)| is_real(place)) {
                rows.read(token, values, &mut row);
                to.iter_mut().zip(&row).for_each(|(sum, value)| *sum += value);
                n_real += 1;
            }
            // A title without a real token gets zeros.
            let share = 1.0 / n_real.max(1) as f32;
            to.iter_mut().for_each(|sum| *sum *= share);
            return;
        }
    };
    rows.read(title.start + token, values, to);
}
