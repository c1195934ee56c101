//! Keras's `model.summary()`: the table of layers, output shapes and parameters.

use super::architecture::Architecture;
use super::layer::Layer;
use super::part::{Part, TensorShape};
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
        let fixed = tensors.iter().filter(|tensor| !tensor.is_parameter);
        Self {
            name: name.to_owned(),
            class_name,
            output_shape: output_shape.to_vec(),
            parameters: tensors.iter().map(TensorShape::count).sum(),
            fixed: fixed.map(TensorShape::count).sum(),
        }
    }
}

/// The `InputLayer` line that Keras prints first for a network that is not `Sequential`: a base.
pub fn input_row(architecture: &Architecture) -> Row {
    Row::new("input_1", "InputLayer", &architecture.input_shape, &[])
}

/// The lines of an architecture's layers. As in Keras, a convolution, its normalization and what joins
/// branches have one line each; an activation is part of the layer before it.
pub fn rows(architecture: &Architecture) -> Vec<Row> {
    let parts = architecture.parts().into_iter();
    let parts = parts.filter(|part| !matches!(part.layer, Layer::Activation(_)));
    let row = |Part { name, layer, output_shape, tensors, .. }: &Part| {
        Row::new(name, layer.class_name(), output_shape, tensors)
    };
    parts.map(row).collect()
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
