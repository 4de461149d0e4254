//! The description of tensors in a PyTorch checkpoint: pickle protocol 2 as `torch.save` writes it, read as data.
//!
//! Nothing named in the file is looked up or called: the five constructors of tensors and dictionaries are known by
//! name, harmless others become values that are not looked into, and a file that names anything else, which PyTorch
//! would import and run, is refused with that name. Values live in one list and name
//! each other by position, so that a hostile file can neither nest deeper than the stack nor copy itself larger.
//! The opcodes: CPython's Lib/pickletools.py.

use std::collections::HashMap;

/// A tensor as described.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Described {
    pub(super) name: String,
    /// PyTorch's storage class, such as `FloatStorage`.
    pub(super) storage_class: String,
    /// The file of its storage within the archive's `data/`.
    pub(super) storage_key: String,
    /// Numbers before its first one.
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) stride: Vec<usize>,
}

type Id = usize;

/// Dimensions a tensor may have.
const MAX_RANK: usize = 16;

#[derive(Clone, Debug)]
enum Value {
    Name(String),
    Int(i64),
    Text(String),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Storage {
        class: String,
        key: String,
    },
    Tensor {
        storage: Id,
        offset: usize,
        shape: Vec<usize>,
        stride: Vec<usize>,
    },
    /// Numbers, lists and objects no tensor is described by.
    Other,
}

/// The tensors of a checkpoint: of its outermost dictionary, or of the one inside it that training programs put the
/// model in. The prefix `module.` of models trained on several devices is taken off.
///
/// # Errors
/// With the reason, in words that follow "it is".
pub(super) fn described_tensors(pickle: &[u8]) -> Result<Vec<Described>, String> {
    let mut machine = Machine { bytes: pickle, ..Machine::default() };
    let top = machine.run()?;
    if let Some(code) = &machine.code {
        return Err(format!(
            "a PyTorch checkpoint that runs `{code}` when it is loaded, so it is not read; ask for safetensors, or \
             save its state_dict alone with torch.save"
        ));
    }
    let mut tensors = machine.tensors_of(top);
    for key in ["state_dict", "model_state_dict", "model"] {
        if tensors.is_empty() {
            tensors = machine.entry(top, key).map(|inner| machine.tensors_of(inner)).unwrap_or_default();
        }
    }
    if tensors.is_empty() {
        return Err("a PyTorch checkpoint without a dictionary of tensors".to_owned());
    }
    const PREFIX: &str = "module.";
    if tensors.iter().all(|tensor| tensor.name.starts_with(PREFIX)) {
        tensors.iter_mut().for_each(|tensor| tensor.name.drain(..PREFIX.len()).for_each(drop));
    }
    Ok(tensors)
}

#[derive(Default)]
struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    /// The first thing named that may be code.
    code: Option<String>,
}

/// Whether a name stands for data: tensors, numbers and containers, and the plain records training programs keep beside
/// them (what `torch.load` itself allows with `weights_only`, and a little more).
fn is_harmless(module: &str, class: &str) -> bool {
    match module {
        "torch" => {
            class.ends_with("Storage")
                || ["Size", "device", "Tensor", "bool", "half", "double", "long"].contains(&class)
                || ["float", "bfloat", "int", "uint", "complex"].iter().any(|kind| class.starts_with(kind))
        }
        "torch._utils" => class.starts_with("_rebuild_"),
        "torch._tensor" => class == "_rebuild_from_type_v2",
        "torch.storage" => class.ends_with("Storage"),
        "torch.nn.parameter" => class == "Parameter",
        "collections" => ["OrderedDict", "defaultdict", "Counter"].contains(&class),
        "argparse" => class == "Namespace",
        "builtins" | "__builtin__" => {
            ["set", "frozenset", "dict", "list", "tuple", "int", "float", "bool", "complex", "slice", "range"]
                .contains(&class)
        }
        "numpy" => ["dtype", "ndarray"].contains(&class),
        "numpy.core.multiarray" | "numpy._core.multiarray" => ["scalar", "_reconstruct"].contains(&class),
        "numpy.dtypes" => class.ends_with("DType"),
        "_codecs" => class == "encode",
        "datetime" => ["datetime", "date", "timedelta"].contains(&class),
        "pathlib" => class.ends_with("Path"),
        _ => false,
    }
}

impl Machine<'_> {
    fn run(&mut self) -> Result<Id, String> {
        loop {
            let start = self.at;
            let opcode = self.byte().map_err(|()| damaged(start))?;
            if opcode == b'.' {
                return self.pop().map_err(|()| damaged(start));
            }
            match self.step(opcode) {
                Ok(true) => {}
                Ok(false) => {
                    return Err(format!(
                        "a PyTorch checkpoint of a kind that is not read (pickle opcode {opcode:#04x}); \
                         save its state_dict with torch.save or convert it to safetensors"
                    ));
                }
                Err(()) => return Err(damaged(start)),
            }
        }
    }

    /// Does one opcode; `false` for one that is not known.
    fn step(&mut self, opcode: u8) -> Result<bool, ()> {
        match opcode {
            // PROTO: what other protocols add shows by its opcodes.
            0x80 => {
                self.byte()?;
            }
            b'c' => {
                let (module, class) = (self.line()?, self.line()?);
                if self.code.is_none() && !is_harmless(&module, &class) {
                    self.code = Some(format!("{module}.{class}"));
                }
                self.push(Value::Name(format!("{module} {class}")));
            }
            b'X' => {
                let len = self.u32()?;
                let text = self.take(len as usize)?;
                let text = String::from_utf8_lossy(text).into_owned();
                self.push(Value::Text(text));
            }
            b'K' => {
                let value = self.byte()?;
                self.push(Value::Int(value.into()));
            }
            b'M' => {
                let value = u16::from_le_bytes(self.array()?);
                self.push(Value::Int(value.into()));
            }
            b'J' => {
                let value = i32::from_le_bytes(self.array()?);
                self.push(Value::Int(value.into()));
            }
            0x8a => {
                let value = self.long()?;
                self.push(value);
            }
            b'G' => {
                self.take(8)?;
                self.push(Value::Other);
            }
            // None, True, False, the empty list.
            b'N' | 0x88 | 0x89 | b']' => self.push(Value::Other),
            b'}' => self.push(Value::Dict(Vec::new())),
            b')' => self.push(Value::Tuple(Vec::new())),
            b'(' => self.marks.push(self.stack.len()),
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(Value::Tuple(items));
            }
            0x85..=0x87 => {
                let start = self.stack.len().checked_sub(usize::from(opcode - 0x84)).ok_or(())?;
                let items = self.stack.split_off(start);
                self.push(Value::Tuple(items));
            }
            b'l' => {
                self.pop_to_mark()?;
                self.push(Value::Other);
            }
            b'd' => {
                let items = self.pop_to_mark()?;
                self.push(Value::Dict(Vec::new()));
                self.set_items(&items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set_items(&items)?;
            }
            b'a' => {
                self.pop()?;
            }
            b'e' => {
                self.pop_to_mark()?;
            }
            // BUILD gives an object its attributes; those of dictionaries and tensors do not matter here.
            b'b' => {
                self.pop()?;
            }
            b'q' => {
                let key = self.byte()?;
                self.remember(key.into())?;
            }
            b'r' => {
                let key = self.u32()?;
                self.remember(key)?;
            }
            b'h' => {
                let key = self.byte()?;
                self.recall(key.into())?;
            }
            b'j' => {
                let key = self.u32()?;
                self.recall(key)?;
            }
            b'Q' => {
                let id = self.pop()?;
                let storage = self.storage(id).unwrap_or(Value::Other);
                self.push(storage);
            }
            b'R' | 0x81 => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                let built = self.build(callable, arguments);
                self.stack.push(built);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What a constructor makes of its arguments: the id of a value, a new one or one among the arguments.
    fn build(&mut self, callable: Id, arguments: Id) -> Id {
        let items = self.tuple(arguments).unwrap_or_default();
        let value = match (self.name(callable), items) {
            ("collections OrderedDict" | "collections defaultdict", _) => Value::Dict(Vec::new()),
            ("torch._utils _rebuild_tensor_v2", [storage, offset, shape, stride, ..]) => {
                self.tensor([*storage, *offset, *shape, *stride]).unwrap_or(Value::Other)
            }
            ("torch._utils _rebuild_parameter", [tensor, ..]) => return *tensor,
            ("torch._tensor _rebuild_from_type_v2", [function, _, inner, ..])
                if self.name(*function) == "torch._utils _rebuild_tensor_v2" =>
            {
                match self.tuple(*inner) {
                    Some([storage, offset, shape, stride, ..]) => {
                        self.tensor([*storage, *offset, *shape, *stride]).unwrap_or(Value::Other)
                    }
                    _ => Value::Other,
                }
            }
            _ => Value::Other,
        };
        self.values.push(value);
        self.values.len() - 1
    }

    fn tensor(&self, [storage, offset, shape, stride]: [Id; 4]) -> Option<Value> {
        let sizes = |id: Id| {
            let items = self.tuple(id).filter(|items| items.len() <= MAX_RANK)?;
            items.iter().map(|&id| self.size(id)).collect::<Option<Vec<_>>>()
        };
        let (shape, stride) = (sizes(shape)?, sizes(stride)?);
        Some(Value::Tensor { storage, offset: self.size(offset)?, shape, stride })
    }

    /// ("storage", class, key, device, count).
    fn storage(&self, id: Id) -> Option<Value> {
        let [kind, class, key, ..] = self.tuple(id)? else { return None };
        if self.text(*kind)? != "storage" {
            return None;
        }
        let class = self.name(*class).strip_prefix("torch ")?.to_owned();
        Some(Value::Storage { class, key: self.text(*key)?.to_owned() })
    }

    fn tensors_of(&self, dict: Id) -> Vec<Described> {
        let Some(Value::Dict(entries)) = self.values.get(dict) else { return Vec::new() };
        let described = entries.iter().filter_map(|&(key, value)| {
            let Value::Tensor { storage, offset, shape, stride } = self.values.get(value)? else {
                return None;
            };
            let Value::Storage { class, key: storage_key } = self.values.get(*storage)? else { return None };
            Some(Described {
                name: self.text(key)?.to_owned(),
                storage_class: class.clone(),
                storage_key: storage_key.clone(),
                offset: *offset,
                shape: shape.clone(),
                stride: stride.clone(),
            })
        });
        described.collect()
    }

    fn entry(&self, dict: Id, wanted: &str) -> Option<Id> {
        let Value::Dict(entries) = self.values.get(dict)? else { return None };
        entries.iter().find(|(key, _)| self.text(*key) == Some(wanted)).map(|&(_, value)| value)
    }

    fn set_items(&mut self, items: &[Id]) -> Result<(), ()> {
        let target = *self.stack.last().ok_or(())?;
        // What is put into an object that is not looked into is not looked into either.
        if let Some(Value::Dict(entries)) = self.values.get_mut(target) {
            let (pairs, rest) = items.as_chunks::<2>();
            if !rest.is_empty() {
                return Err(());
            }
            entries.extend(pairs.iter().map(|&[key, value]| (key, value)));
        }
        Ok(())
    }

    fn push(&mut self, value: Value) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn pop(&mut self) -> Result<Id, ()> {
        // A mark's items are taken with the mark only.
        if self.marks.last().is_some_and(|&mark| mark >= self.stack.len()) {
            return Err(());
        }
        self.stack.pop().ok_or(())
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, ()> {
        let mark = self.marks.pop().ok_or(())?;
        if mark > self.stack.len() {
            return Err(());
        }
        Ok(self.stack.split_off(mark))
    }

    fn remember(&mut self, key: u32) -> Result<(), ()> {
        self.memo.insert(key, *self.stack.last().ok_or(())?);
        Ok(())
    }

    fn recall(&mut self, key: u32) -> Result<(), ()> {
        self.stack.push(*self.memo.get(&key).ok_or(())?);
        Ok(())
    }

    fn name(&self, id: Id) -> &str {
        match self.values.get(id) {
            Some(Value::Name(name)) => name,
            _ => "",
        }
    }

    fn text(&self, id: Id) -> Option<&str> {
        match self.values.get(id) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn tuple(&self, id: Id) -> Option<&[Id]> {
        match self.values.get(id) {
            Some(Value::Tuple(items)) => Some(items),
            _ => None,
        }
    }

    fn size(&self, id: Id) -> Option<usize> {
        match self.values.get(id) {
            Some(Value::Int(value)) => usize::try_from(*value).ok(),
            _ => None,
        }
    }

    fn long(&mut self) -> Result<Value, ()> {
        let len = self.byte()?;
        let bytes = self.take(len.into())?;
        // Longer whole numbers are hashes and seeds, never sizes.
        if bytes.len() > 8 {
            return Ok(Value::Other);
        }
        let is_negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut word = [if is_negative { 0xFF } else { 0 }; 8];
        word.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Ok(Value::Int(i64::from_le_bytes(word)))
    }

    fn byte(&mut self) -> Result<u8, ()> {
        Ok(self.array::<1>()?[0])
    }

    fn u32(&mut self) -> Result<u32, ()> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ()> {
        self.take(N)?.try_into().map_err(drop)
    }

    fn take(&mut self, len: usize) -> Result<&[u8], ()> {
        let end = self.at.checked_add(len).ok_or(())?;
        let bytes = self.bytes.get(self.at..end).ok_or(())?;
        self.at = end;
        Ok(bytes)
    }

    fn line(&mut self) -> Result<String, ()> {
        let rest = self.bytes.get(self.at..).ok_or(())?;
        let len = rest.iter().position(|&byte| byte == b'\n').ok_or(())?;
        let line = String::from_utf8_lossy(self.take(len)?).into_owned();
        self.byte()?;
        Ok(line)
    }
}

fn damaged(at: usize) -> String {
    format!("a PyTorch checkpoint that is cut or damaged (at byte {at} of its description)")
}
