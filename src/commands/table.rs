//! Aligned columns that fit a screen of 100 characters where they can.

/// How wide a table should be.
const WIDTH: usize = 100;
/// A column is not made narrower than this.
const NARROWEST: usize = 12;

/// Rows of cells; a cell of several lines makes its row as high.
pub struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub fn new(header: [&str; N]) -> Self {
        Self { rows: vec![header.map(str::to_owned)] }
    }

    pub fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells);
    }

    /// Where the whole is too wide, the last column is cut off with `…`.
    pub fn text(&self) -> String {
        let mut widths = [0; N];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width =
                    (*width).max(cell.lines().map(|line| line.chars().count()).max().unwrap_or_default());
            }
        }
        let others: usize = widths.iter().rev().skip(1).map(|width| width + 2).sum();
        if let Some(last) = widths.last_mut() {
            *last = (*last).min(WIDTH.saturating_sub(others).max(NARROWEST));
        }
        let mut text = String::new();
        for row in &self.rows {
            let height = row.iter().map(|cell| cell.lines().count()).max().unwrap_or(1);
            for line in 0..height {
                let cells: Vec<String> = row
                    .iter()
                    .zip(widths)
                    .map(|(cell, width)| {
                        format!("{:width$}", cut(cell.lines().nth(line).unwrap_or_default(), width))
                    })
                    .collect();
                text += cells.join("  ").trim_end();
                text.push('\n');
            }
        }
        text
    }
}

/// The end says more about an image or an address than its beginning.
fn cut(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let end: String = text.chars().skip(length + 1 - width).collect();
    format!("…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_two_lines_makes_the_row_higher() {
        let mut table = Table::new(["A", "PORTS", "IMAGE"]);
        table.row(["web".into(), "80\n443".into(), "nginx".into()]);
        table.row(["db".into(), "-".into(), "postgres".into()]);
        assert_eq!(table.text(), "A    PORTS  IMAGE\nweb  80     nginx\n     443\ndb   -      postgres\n");
    }

    #[test]
    fn only_the_last_column_is_cut_and_keeps_its_end() {
        let mut table = Table::new(["A", "IMAGE"]);
        table.row(["x".repeat(60), format!("registry.example/{}:1.2", "y".repeat(60))]);
        let text = table.text();
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert!(text.trim_end().ends_with("yyy:1.2") && text.contains("  …y"), "{text}");
    }
}
