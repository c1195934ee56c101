//! Keras's `model.summary()`: the table of layers, output shapes and parameters.

use super::layer::{Architecture, Placed};
use crate::numbers::with_thousands;
use std::fmt::Write;

/// Where Keras 2 ends the table's three columns, and with them its lines.
const COLUMNS: [usize; 3] = [29, 55, 65];

/// A layer's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    /// Keras's.
    pub class_name: &'static str,
    /// Without the batch.
    pub output_shape: Vec<i64>,
    /// All of the layer's values.
    pub parameters: i64,
    /// Those that no gradient changes: batch normalisation's running statistics.
    pub fixed: i64,
}

/// The lines of an architecture's layers.
pub fn rows(architecture: &Architecture) -> Vec<Row> {
    let row = |placed: &Placed| Row {
        name: placed.name.clone(),
        class_name: placed.layer.class_name(),
        output_shape: placed.output_shape.clone(),
        parameters: placed.parameters,
        fixed: 0,
    };
    architecture.layers.iter().map(row).collect()
}

/// The table as the book prints it, ending in a newline.
pub fn table(rows: &[Row]) -> String {
    let [name_end, shape_end, width] = COLUMNS;
    let thin = "_".repeat(width);
    let thick = "=".repeat(width);
    let line = |name: &str, shape: &str, parameters: &str| {
        // Keras cuts what does not fit, a blank kept between the columns.
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
