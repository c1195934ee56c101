//! The values in the pickle of an archive.

use tch::Kind;

/// What the tensors are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Root {
    /// A dictionary, as `torch.save` writes it.
    #[default]
    StateDict,
    /// A TorchScript module without submodules, as tch writes it.
    Module,
}

impl Root {
    /// Name in errors.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::StateDict => "a state_dict",
            Self::Module => "libtorch weights",
        }
    }

    /// Who writes such files.
    pub(in super::super) fn writer(self) -> &'static str {
        match self {
            Self::StateDict => "torch.save",
            Self::Module => "petite or tch",
        }
    }
}

/// A storage: the elements of one or more tensors.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Storage {
    /// Name of its file in the archive.
    pub key: String,
    /// Element type.
    pub kind: Kind,
    /// Number of elements.
    pub count: i64,
}

/// A tensor, as a view of a storage.
#[derive(Debug, Clone)]
pub struct View {
    /// The storage with its elements.
    pub storage: Storage,
    /// Index of the first element in the storage.
    pub offset: i64,
    /// Size of each dimension.
    pub size: Vec<i64>,
    /// Stride of each dimension, in elements.
    pub stride: Vec<i64>,
}

/// The functions and types that archives name. They include all element types common to PyTorch and
/// safetensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(Kind),
    /// The class of a TorchScript module.
    Module,
}

impl Global {
    pub(super) fn named(module: &str, name: &str, root: Root) -> Option<Self> {
        Some(match (module, name) {
            ("__torch__", "Module") if root == Root::Module => Self::Module,
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2") => Self::RebuildTensor,
            ("torch._utils", "_rebuild_parameter") => Self::RebuildParameter,
            ("torch", "DoubleStorage") => Self::Storage(Kind::Double),
            ("torch", "FloatStorage") => Self::Storage(Kind::Float),
            ("torch", "HalfStorage") => Self::Storage(Kind::Half),
            ("torch", "BFloat16Storage") => Self::Storage(Kind::BFloat16),
            ("torch", "LongStorage") => Self::Storage(Kind::Int64),
            ("torch", "IntStorage") => Self::Storage(Kind::Int),
            ("torch", "ShortStorage") => Self::Storage(Kind::Int16),
            ("torch", "CharStorage") => Self::Storage(Kind::Int8),
            ("torch", "ByteStorage") => Self::Storage(Kind::Uint8),
            ("torch", "BoolStorage") => Self::Storage(Kind::Bool),
            _ => return None,
        })
    }
}

/// A value; all but the smallest are an index into a vector of the machine.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    None,
    Bool,
    Int(i64),
    Float,
    /// What is in it is dropped.
    List,
    Text(usize),
    Tuple(usize),
    Dict(usize),
    /// A TorchScript module, with its attributes in a dict.
    Module(usize),
    Global(Global),
    Storage(usize),
    View(usize),
    /// What another program's class or function, one of [`Machine::classes`], would make: nothing is
    /// known of it but that.
    ///
    /// [`Machine::classes`]: super::pickle::Machine::classes
    Object(usize),
}

impl Value {
    /// Name in errors.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool => "a bool",
            Self::Int(_) => "an int",
            Self::Float => "a float",
            Self::List => "a list",
            Self::Text(_) => "a string",
            Self::Tuple(_) => "a tuple",
            Self::Dict(_) => "a dict",
            Self::Module(_) => "a module",
            Self::Global(_) => "a name",
            Self::Storage(_) => "a storage",
            Self::View(_) => "a tensor",
            Self::Object(_) => "an object",
        }
    }
}
