//! Keras's `model.summary()`: the table of layers, output shapes and parameters.

use super::architecture::Architecture;
use super::layer::Layer;
use super::shapes::{ShapedConv2d, ShapedLayer, TensorShape};
use crate::text::numbers::with_thousands;
use std::fmt::Write;

/// The ends of the table's three columns in Keras 2; the last is the width of its lines.
const COLUMNS: [usize; 3] = [29, 55, 65];

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The layer's name.
    pub name: String,
    /// Keras's class name.
    pub class_name: &'static str,
    /// `[H, W, C]` or `[units]`, without the batch.
    pub output_shape: Vec<i64>,
    /// The number of values in the layer's tensors.
    pub parameters: i64,
    /// Those without gradient: batch normalization's running statistics.
    pub fixed: i64,
}

impl Row {
    fn new(
        name: &str,
        class_name: &'static str,
        output_shape: &[i64],
        tensors: &[TensorShape],
    ) -> Self {
        let count = |tensors: &mut dyn Iterator<Item = &TensorShape>| {
            tensors.map(TensorShape::count).sum::<i64>()
        };
        Self {
            name: name.to_owned(),
            class_name,
            output_shape: output_shape.to_vec(),
            parameters: count(&mut tensors.iter()),
            fixed: count(&mut tensors.iter().filter(|tensor| !tensor.is_parameter)),
        }
    }
}

/// The `InputLayer` line that Keras prints first for a network that is not `Sequential`: a base.
pub fn input_row(architecture: &Architecture) -> Row {
    Row::new("input_1", "InputLayer", &architecture.input_shape, &[])
}

/// The lines of an architecture's layers. As in Keras, a convolution, its normalization and the
/// last operation of a composite layer have one line each.
pub fn rows(architecture: &Architecture) -> Vec<Row> {
    architecture.layers.iter().flat_map(of_layer).collect()
}

fn of_layer(shaped: &ShapedLayer) -> Vec<Row> {
    let mut rows: Vec<Row> = shaped.convolutions().iter().flat_map(of_convolution).collect();
    if !matches!(shaped.layer, Layer::Conv2d(_)) {
        // The tensors of a composite layer are its convolutions'.
        let tensors = if rows.is_empty() { shaped.tensors() } else { Vec::new() };
        let class_name = shaped.layer.class_name();
        rows.push(Row::new(&shaped.name, class_name, &shaped.output_shape, &tensors));
    }
    rows
}

fn of_convolution(shaped: &ShapedConv2d) -> Vec<Row> {
    let class_name = Layer::Conv2d(shaped.conv.clone()).class_name();
    let shape = &shaped.output_shape;
    let mut rows = vec![Row::new(&shaped.name, class_name, shape, &shaped.own_tensors())];
    let norm = shaped.norm_name();
    rows.extend(
        norm.map(|name| Row::new(&name, "BatchNormalization", shape, &shaped.norm_tensors())),
    );
    rows
}

/// The table as the book prints it, ending in a newline.
pub fn table(rows: &[Row]) -> String {
    let [name_end, shape_end, width] = COLUMNS;
    let thin = "_".repeat(width);
    let thick = "=".repeat(width);
    let line = |name: &str, shape: &str, parameters: &str| {
        // Keras truncates what does not fit, keeping a blank between the columns.
        let (name_width, shape_width) = (name_end - 1, shape_end - name_end - 1);
        let line = format!(
            "{name:<name_width$.name_width$} {shape:<shape_width$.shape_width$} {parameters}"
        );
        format!("{line:<width$.width$}\n")
    };
    let mut table = format!("{thin}\n{}{thick}\n", line("Layer (type)", "Output Shape", "Param #"));
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            let _ = writeln!(table, "{thin}");
        }
        let sizes: Vec<String> = row.output_shape.iter().map(i64::to_string).collect();
        table += &line(
            &format!("{} ({})", row.name, row.class_name),
            &format!("(None, {})", sizes.join(", ")),
            &row.parameters.to_string(),
        );
    }
    let sum = |value: fn(&Row) -> i64| rows.iter().map(value).sum::<i64>();
    let (total, fixed) = (sum(|row| row.parameters), sum(|row| row.fixed));
    let [total, trainable, fixed] = [total, total - fixed, fixed].map(with_thousands);
    let _ = write!(
        table,
        "{thick}\nTotal params: {total}\nTrainable params: {trainable}\nNon-trainable params: {fixed}\n{thin}\n"
    );
    table
}
