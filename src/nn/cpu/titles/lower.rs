//! From a graph over token ids to the steps of a pass, parameters loaded and packed. A graph with any other operation is
//! not lowered at all.

use crate::nn::kernels::blocked::{
    Buffer, Dots, Packed, RowTable, StripLinear, StripLinearInt8, Strips, Tiles,
};
use crate::nn::{
    Activation, AttentionMask, AttentionWeights, FeatureAxis, Graph, LayerNorm, Linear, NnError, Operation,
    Positions, ProbeAttention, SelfAttention, Table, TokenPool, Weights,
};

/// What a result has a row for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Level {
    Tokens,
    Titles,
    /// Titles, as the one token of each that a probe gives.
    Probes,
}

/// A result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    pub(super) level: Level,
    pub(super) width: usize,
    /// The buffer it lies in; results that are needed at different times share one.
    pub(super) slot: usize,
}

/// One kernel and the results it reads and writes.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) operation: StepKind,
    pub(super) inputs: Vec<usize>,
    pub(super) output: usize,
}

#[derive(Debug)]
pub(super) enum StepKind {
    Embedding(RowTable),
    AddPositions(RowTable, Positions),
    AddFirstRow(RowTable),
    LayerNorm([Buffer; 2], f32),
    /// Inputs: the rows, and what is added where there is a second.
    Linear(Layer),
    Activation(Activation),
    Scale(f32),
    Add,
    /// Of queries, keys and values one after the other: heads and mask.
    Attention(usize, AttentionMask),
    /// Of keys and values one after the other, with these queries: a row in one strip.
    Probe(usize, Buffer),
    Pool(TokenPool),
}

/// A linear layer.
#[derive(Debug)]
pub(super) enum Layer {
    Floats(StripLinear),
    Int8(StripLinearInt8),
}

impl Layer {
    /// Computes `output` from rows of `input`, and adds `residual`.
    pub(super) fn run(&self, n_rows: usize, input: &[f32], residual: Option<&[f32]>, output: &mut [f32]) {
        match self {
            Self::Floats(layer) => layer.run(n_rows, input, residual, output),
            Self::Int8(layer) => layer.run(n_rows, input, residual, output),
        }
    }
}

/// What linear layers of tokens multiply; those of whole titles are few and always multiply floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::nn) enum Products {
    /// 32-bit floats.
    Floats,
    /// Whole numbers of eight bits.
    Int8,
}

/// The steps of a pass.
#[derive(Debug)]
pub(super) struct Lowered {
    pub(super) steps: Vec<Step>,
    pub(super) values: Vec<Value>,
    pub(super) n_slots: usize,
    pub(super) tiles: Tiles,
}

impl Lowered {
    /// What the network's output has rows for, and their width.
    pub(super) fn output(&self) -> (Level, usize) {
        let last = self.steps.last().and_then(|step| self.values.get(step.output));
        last.map_or((Level::Titles, 0), |value| (value.level, value.width))
    }
}

/// The steps of `graph`; `None` when it has an operation that the kernels lack.
///
/// # Errors
/// [`NnError::Tensor`] naming the first parameter that is absent or of another shape.
pub(super) fn lower(
    graph: &Graph,
    weights: &Weights,
    (tiles, products): (Tiles, Products),
) -> Result<Option<Lowered>, NnError> {
    if !graph.nodes().iter().all(|node| is_known(&node.operation)) {
        return Ok(None);
    }
    let mut n_readers = vec![0_usize; graph.nodes().len()];
    for input in graph.nodes().iter().flat_map(|node| &node.inputs) {
        n_readers[input.index()] += 1;
    }
    let mut lowering = Lowering {
        weights,
        tiles,
        products,
        steps: Vec::new(),
        values: Vec::new(),
        places: Vec::new(),
        n_readers,
    };
    for node in graph.nodes() {
        let inputs: Vec<usize> = node.inputs.iter().map(|input| input.index()).collect();
        let Some(place) = lowering.add(&node.operation, &inputs)? else { return Ok(None) };
        lowering.places.push(place);
    }
    let Lowering { mut steps, mut values, places, .. } = lowering;
    // An operation that does nothing at inference may come last; what it was given is the result.
    match (places.last(), steps.last()) {
        (Some(&Place::Value(value)), Some(step)) if step.output == value => {}
        _ => return Ok(None),
    }
    let n_slots = allocate(&mut steps, &mut values);
    Ok(Some(Lowered { steps, values, n_slots, tiles }))
}

/// Whether there is a kernel, as far as the operation alone tells.
fn is_known(operation: &Operation) -> bool {
    match operation {
        Operation::TokenIds
        | Operation::Embedding(_)
        | Operation::AddPositions(..)
        | Operation::AddFirstRow(_)
        | Operation::Linear(_)
        | Operation::Activation(_)
        | Operation::Scale(_)
        | Operation::Add
        | Operation::Dropout(_)
        | Operation::DropPath(_)
        | Operation::PoolTokens(_) => true,
        Operation::LayerNorm(norm) => norm.axis == FeatureAxis::Last,
        Operation::SelfAttention(SelfAttention { width, n_heads, .. })
        | Operation::ProbeAttention(ProbeAttention { width, n_heads, .. }) => {
            *n_heads > 0 && *width > 0 && width.is_multiple_of(*n_heads)
        }
        _ => false,
    }
}

/// What one of the graph's nodes has become.
#[derive(Clone, Copy, Debug)]
enum Place {
    Ids,
    Value(usize),
}

struct Lowering<'a> {
    weights: &'a Weights,
    tiles: Tiles,
    products: Products,
    steps: Vec<Step>,
    values: Vec<Value>,
    /// For each of the graph's nodes so far.
    places: Vec<Place>,
    /// For each of the graph's nodes.
    n_readers: Vec<usize>,
}

impl Lowering<'_> {
    fn push(&mut self, operation: StepKind, inputs: Vec<usize>, level: Level, width: usize) -> Option<Place> {
        let output = self.values.len();
        self.values.push(Value { level, width, slot: 0 });
        self.steps.push(Step { operation, inputs, output });
        Some(Place::Value(output))
    }

    /// Adds one of the graph's nodes; `None` when it does not fit what it is given.
    fn add(&mut self, operation: &Operation, graph_inputs: &[usize]) -> Result<Option<Place>, NnError> {
        let places: Vec<Place> =
            graph_inputs.iter().filter_map(|&input| self.places.get(input).copied()).collect();
        match (operation, places.first()) {
            (Operation::TokenIds, _) => return Ok(Some(Place::Ids)),
            (Operation::Embedding(table), Some(Place::Ids)) => {
                let rows = self.table(table)?;
                return Ok(self.push(StepKind::Embedding(rows), Vec::new(), Level::Tokens, table.width));
            }
            _ => {}
        }
        let Some(&Place::Value(from)) = places.first() else { return Ok(None) };
        let Some(&Value { level, width, .. }) = self.values.get(from) else { return Ok(None) };
        let is_of_tokens = level == Level::Tokens;
        Ok(match operation {
            Operation::AddPositions(table, positions)
                if is_of_tokens && table.width == width && matches!(places.get(1), Some(Place::Ids)) =>
            {
                let rows = self.table(table)?;
                self.push(StepKind::AddPositions(rows, *positions), vec![from], level, width)
            }
            Operation::AddFirstRow(table) if is_of_tokens && table.width == width => {
                let rows = self.table(table)?;
                self.push(StepKind::AddFirstRow(rows), vec![from], level, width)
            }
            Operation::LayerNorm(norm) if norm.width == width => {
                let affine = self.norm(norm)?;
                self.push(StepKind::LayerNorm(affine, norm.epsilon as f32), vec![from], level, width)
            }
            Operation::Linear(linear) if linear.in_features == width => {
                let layer = self.linear(linear, level)?;
                self.push(StepKind::Linear(layer), vec![from], level, linear.out_features)
            }
            Operation::Activation(activation) => {
                self.push(StepKind::Activation(*activation), vec![from], level, width)
            }
            Operation::Scale(factor) => self.push(StepKind::Scale(*factor as f32), vec![from], level, width),
            Operation::Dropout(_) | Operation::DropPath(_) => Some(Place::Value(from)),
            Operation::Add => match places.get(1) {
                Some(&Place::Value(other)) => self.sum([from, other], graph_inputs),
                _ => None,
            },
            Operation::SelfAttention(attention) if is_of_tokens && attention.width == width => {
                let [matrix, bias] = self.queries_keys_values(attention)?;
                let layer = self.layer([&matrix, &bias], Activation::Identity, level);
                let all = self.values.len();
                self.push(StepKind::Linear(layer), vec![from], level, 3 * width);
                let kind = StepKind::Attention(attention.n_heads, attention.mask);
                self.push(kind, vec![all], level, width)
            }
            Operation::ProbeAttention(attention) if is_of_tokens && attention.width == width => {
                let queries = self.probe(attention)?;
                let layer = self.plain(&attention.key_value, [width, 2 * width], level)?;
                let both = self.values.len();
                self.push(StepKind::Linear(layer), vec![from], level, 2 * width);
                self.push(StepKind::Probe(attention.n_heads, queries), vec![both], Level::Probes, width)
            }
            Operation::PoolTokens(pool) if is_of_tokens => {
                self.push(StepKind::Pool(*pool), vec![from], Level::Titles, width)
            }
            _ => None,
        })
    }

    /// A sum; done by the linear layer that makes one of the two where nobody else reads what that makes.
    fn sum(&mut self, pair: [usize; 2], graph_inputs: &[usize]) -> Option<Place> {
        let of = |value: usize| self.values.get(value).map(|value| (value.level, value.width));
        let (level, width) = of(pair[0])?;
        if of(pair[1]) != Some((level, width)) {
            return None;
        }
        // The later of the two, so that the other is there.
        let (made, index) = if pair[0] > pair[1] { (pair[0], 0) } else { (pair[1], 1) };
        let is_read_once = pair[0] != pair[1]
            && graph_inputs.get(index).and_then(|&input| self.n_readers.get(input)) == Some(&1);
        let maker = self.steps.iter().position(|step| step.output == made);
        if let (true, Some(maker)) = (is_read_once, maker)
            && let Some(Step { operation: StepKind::Linear(_), inputs, .. }) = self.steps.get_mut(maker)
            && inputs.len() == 1
        {
            inputs.push(pair[1 - index]);
            return Some(Place::Value(made));
        }
        self.push(StepKind::Add, pair.to_vec(), level, width)
    }

    fn table(&self, table: &Table) -> Result<RowTable, NnError> {
        let Table { name, n_rows, width } = table;
        Ok(RowTable::new(&self.weights.values(name, &[*n_rows, *width])?, *width))
    }

    fn norm(&self, norm: &LayerNorm) -> Result<[Buffer; 2], NnError> {
        let values = |kind: &str| self.weights.values(&format!("{}.{kind}", norm.name), &[norm.width]);
        Ok([values("weight")?, values("bias")?].map(|values| padded(&values)))
    }

    /// A layer of weight (out, in) and bias (out), over rows of this level.
    fn layer(&self, [matrix, bias]: [&[f32]; 2], activation: Activation, level: Level) -> Layer {
        if (self.products, level) == (Products::Int8, Level::Tokens) {
            let dots = Dots::detect(self.tiles);
            return Layer::Int8(StripLinearInt8::new(self.tiles, dots, [matrix, bias], activation));
        }
        let order: Vec<usize> = (0..matrix.len() / bias.len().max(1)).collect();
        Layer::Floats(StripLinear::new(Packed::new(self.tiles, matrix, bias, 1, &order), activation))
    }

    fn linear(&self, linear: &Linear, level: Level) -> Result<Layer, NnError> {
        let Linear { name, in_features, out_features, has_bias, activation } = linear;
        let matrix = self.weights.values(&format!("{name}.weight"), &[*out_features, *in_features])?;
        let bias = if *has_bias {
            self.weights.values(&format!("{name}.bias"), &[*out_features])?
        } else {
            vec![0.0; *out_features]
        };
        Ok(self.layer([&matrix, &bias], *activation, level))
    }

    fn plain(
        &self,
        name: &str,
        [in_features, out_features]: [usize; 2],
        level: Level,
    ) -> Result<Layer, NnError> {
        let (name, activation) = (name.to_owned(), Activation::Identity);
        self.linear(&Linear { name, in_features, out_features, has_bias: true, activation }, level)
    }

    /// Weight (3 width, width) and bias of all three projections.
    fn queries_keys_values(&self, attention: &SelfAttention) -> Result<[Vec<f32>; 2], NnError> {
        let width = attention.width;
        let names: Vec<[String; 2]> = match &attention.weights {
            AttentionWeights::Packed(name) => vec![["weight", "bias"].map(|kind| format!("{name}.{kind}"))],
            AttentionWeights::InProjection(name) => {
                vec![["weight", "bias"].map(|kind| format!("{name}.in_proj_{kind}"))]
            }
            AttentionWeights::Separate(names) => {
                names.iter().map(|name| ["weight", "bias"].map(|kind| format!("{name}.{kind}"))).collect()
            }
        };
        let each = 3 * width / names.len();
        let (mut matrix, mut biases) = (Vec::new(), Vec::new());
        for [weight, bias] in names {
            matrix.extend(self.weights.values(&weight, &[each, width])?);
            biases.extend(self.weights.values(&bias, &[each])?);
        }
        Ok([matrix, biases])
    }

    /// The projected probe as a row of its own.
    fn probe(&self, attention: &ProbeAttention) -> Result<Buffer, NnError> {
        let width = attention.width;
        let probe = self.weights.values(&attention.probe, &[1, 1, width])?;
        let layer = self.plain(&attention.query, [width, width], Level::Titles)?;
        let rows = Strips { n_rows: 1, width, strip: self.tiles.strip() };
        let [mut from, mut to] = [rows.len(); 2].map(Buffer::zeros);
        rows.write(0, padded(&probe).as_slice(), from.as_mut_slice());
        layer.run(1, from.as_slice(), None, to.as_mut_slice());
        Ok(to)
    }
}

/// In whole blocks of sixteen.
fn padded(values: &[f32]) -> Buffer {
    let mut buffer = Buffer::zeros(values.len());
    buffer.as_mut_slice()[..values.len()].copy_from_slice(values);
    buffer
}

/// Gives every result a slot such that results needed at once have different ones; the number of slots.
fn allocate(steps: &mut [Step], values: &mut [Value]) -> usize {
    let mut last_read: Vec<usize> = (0..values.len()).map(|_| steps.len()).collect();
    let is_result = |value: usize| steps.last().is_some_and(|step| step.output == value);
    for (position, step) in steps.iter().enumerate() {
        for &input in step.inputs.iter().filter(|&&input| !is_result(input)) {
            last_read[input] = position;
        }
    }
    let mut free: Vec<usize> = Vec::new();
    let mut n_slots = 0;
    for (position, step) in steps.iter().enumerate() {
        let slot = free.pop().unwrap_or_else(|| {
            n_slots += 1;
            n_slots - 1
        });
        values[step.output].slot = slot;
        let mut done: Vec<usize> =
            step.inputs.iter().filter(|&&input| last_read[input] == position).copied().collect();
        done.dedup();
        free.extend(done.into_iter().map(|input| values[input].slot));
    }
    n_slots
}
