//! The events in an event file: the messages of `tensorboard/compat/proto` that petite writes, with
//! the numbers of their fields. The members of a `oneof` are optional fields here, which are the same
//! bytes.

use super::record::framed;
use prost::Message;

/// What the first event of every file says of its version.
const VERSION: &str = "brain.Event:2";
/// `DataType`.
const DT_FLOAT: i32 = 1;
const DT_STRING: i32 = 7;
/// `SessionLog.SessionStatus`.
const START: i32 = 1;

/// Something that happened at a step of training.
#[derive(Clone, PartialEq, Message)]
pub struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    /// The step; here the number of the epoch, from 0, as Keras counts.
    #[prost(int64, tag = "2")]
    pub step: i64,
    /// The version of the file, in its first event.
    #[prost(string, optional, tag = "3")]
    pub file_version: Option<String>,
    /// Scalars and pictures.
    #[prost(message, optional, tag = "5")]
    pub summary: Option<Summary>,
    /// The start of a process.
    #[prost(message, optional, tag = "7")]
    pub session_log: Option<SessionLog>,
}

/// The values of an event.
#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    /// The values.
    #[prost(message, repeated, tag = "1")]
    pub value: Vec<Value>,
}

/// The value of a series.
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    /// The name of the series.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// The value itself.
    #[prost(message, optional, tag = "8")]
    pub tensor: Option<TensorProto>,
    /// Which of TensorBoard's plugins shows it.
    #[prost(message, optional, tag = "9")]
    pub metadata: Option<Metadata>,
}

/// `SummaryMetadata`.
#[derive(Clone, PartialEq, Message)]
pub struct Metadata {
    /// The plugin.
    #[prost(message, optional, tag = "1")]
    pub plugin_data: Option<PluginData>,
}

/// `SummaryMetadata.PluginData`.
#[derive(Clone, PartialEq, Message)]
pub struct PluginData {
    /// `scalars` or `images`.
    #[prost(string, tag = "1")]
    pub plugin_name: String,
}

/// A tensor of numbers or bytes.
#[derive(Clone, PartialEq, Message)]
pub struct TensorProto {
    /// The type of its elements.
    #[prost(int32, tag = "1")]
    pub dtype: i32,
    /// Its shape.
    #[prost(message, optional, tag = "2")]
    pub tensor_shape: Option<Shape>,
    /// Its elements, if they are f32.
    #[prost(float, repeated, tag = "5")]
    pub float_val: Vec<f32>,
    /// Its elements, if they are bytes.
    #[prost(bytes = "vec", repeated, tag = "8")]
    pub string_val: Vec<Vec<u8>>,
}

/// `TensorShapeProto`.
#[derive(Clone, PartialEq, Message)]
pub struct Shape {
    /// Its dimensions.
    #[prost(message, repeated, tag = "2")]
    pub dim: Vec<Dim>,
}

/// `TensorShapeProto.Dim`.
#[derive(Clone, PartialEq, Message)]
pub struct Dim {
    /// Its length.
    #[prost(int64, tag = "1")]
    pub size: i64,
}

/// A process has started or ended.
#[derive(Clone, PartialEq, Message)]
pub struct SessionLog {
    /// Which of them.
    #[prost(int32, tag = "1")]
    pub status: i32,
}

impl Event {
    /// An event at `step` and `wall_time`, in seconds since 1970, that has nothing in it.
    fn at(step: i64, wall_time: f64) -> Self {
        Self { wall_time, step, ..Self::default() }
    }

    /// The first event of a file.
    pub fn version(wall_time: f64) -> Self {
        Self { file_version: Some(VERSION.to_owned()), ..Self::at(0, wall_time) }
    }

    /// A process starts. A running TensorBoard drops what it has read of the folder
    /// (`plugin_event_accumulator.py`, `_CheckForRestartAndMaybePurge`).
    pub fn start(wall_time: f64) -> Self {
        Self { session_log: Some(SessionLog { status: START }), ..Self::at(0, wall_time) }
    }

    /// Scalars at `step`, as pairs of tag and value: tensors of f32, like those of Keras, and the only
    /// ones that all of TensorBoard's readers take.
    pub fn scalars(step: i64, wall_time: f64, values: &[(&str, f64)]) -> Self {
        let value = |&(tag, value): &(&str, f64)| {
            let tensor = TensorProto {
                dtype: DT_FLOAT,
                tensor_shape: Some(Shape::default()),
                float_val: vec![value as f32],
                string_val: Vec::new(),
            };
            Value::new(tag, "scalars", tensor)
        };
        let summary = Summary { value: values.iter().map(value).collect() };
        Self { summary: Some(summary), ..Self::at(step, wall_time) }
    }

    /// A picture at step 0: the bytes of a PNG of `size` (width, height), in pixels.
    pub fn picture(wall_time: f64, tag: &str, size: (u32, u32), png: Vec<u8>) -> Self {
        let (width, height) = size;
        let parts = vec![width.to_string().into_bytes(), height.to_string().into_bytes(), png];
        let tensor = TensorProto {
            dtype: DT_STRING,
            tensor_shape: Some(Shape { dim: vec![Dim { size: parts.len() as i64 }] }),
            float_val: Vec::new(),
            string_val: parts,
        };
        let summary = Summary { value: vec![Value::new(tag, "images", tensor)] };
        Self { summary: Some(summary), ..Self::at(0, wall_time) }
    }

    /// Its bytes in a file.
    pub fn framed(&self) -> Vec<u8> {
        framed(&self.encode_to_vec())
    }
}

impl Value {
    fn new(tag: &str, plugin: &str, tensor: TensorProto) -> Self {
        let plugin_data = Some(PluginData { plugin_name: plugin.to_owned() });
        let metadata = Some(Metadata { plugin_data });
        Self { tag: tag.to_owned(), tensor: Some(tensor), metadata }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by TensorBoard's own messages (`scalar.metadata`, `image.metadata`, `make_tensor_proto`).
    #[test]
    fn events_have_the_bytes_that_tensorflow_writes() {
        let scalar = Event::scalars(3, 1.5, &[("epoch_loss", 0.625)]);
        let expected = b"\x09\0\0\0\0\0\0\xf8\x3f\x10\x03\x2a\x27\x0a\x25\x0a\x0aepoch_loss\
            \x42\x0a\x08\x01\x12\0\x2a\x04\0\0\x20\x3f\x4a\x0b\x0a\x09\x0a\x07scalars";
        assert_eq!(scalar.encode_to_vec(), expected);

        let picture = Event { step: 3, ..Event::picture(1.5, "p", (2, 1), b"PNG".to_vec()) };
        let expected = b"\x09\0\0\0\0\0\0\xf8\x3f\x10\x03\x2a\x26\x0a\x24\x0a\x01p\x42\x13\x08\x07\
            \x12\x04\x12\x02\x08\x03\x42\x012\x42\x011\x42\x03PNG\x4a\x0a\x0a\x08\x0a\x06images";
        assert_eq!(picture.encode_to_vec(), expected);
    }
}
