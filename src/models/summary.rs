//! Keras's `model.summary()`: the table of layers, output shapes and parameters.

use super::layer::Architecture;
use std::fmt::Write;

/// Where Keras 2 ends the table's three columns, and with them its lines.
const COLUMNS: [usize; 3] = [29, 55, 65];

/// The table as the book prints it, ending in a newline.
pub fn table(architecture: &Architecture) -> String {
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
    for (index, placed) in architecture.layers.iter().enumerate() {
        if index > 0 {
            let _ = writeln!(table, "{thin}");
        }
        let sizes: Vec<String> = placed.output_shape.iter().map(i64::to_string).collect();
        table += &line(
            &format!("{} ({})", placed.name, placed.layer.class_name()),
            &format!("(None, {})", sizes.join(", ")),
            &placed.parameters.to_string(),
        );
    }
    let total = with_thousands(architecture.parameters());
    let _ = write!(
        table,
        "{thick}\nTotal params: {total}\nTrainable params: {total}\nNon-trainable params: 0\n{thin}\n"
    );
    table
}

/// `3453121` → `3,453,121`.
pub fn with_thousands(number: i64) -> String {
    let digits = number.abs().to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap_or_default())
        .collect();
    format!("{}{}", if number < 0 { "-" } else { "" }, groups.join(","))
}
