// SPDX-License-Identifier: Apache-2.0

/// Rows under a head, each column as wide as its widest cell.
package struct Table {
    private var rows: [[String]]

    package init(_ head: String...) { rows = [head] }
    package init(_ head: [String]) { rows = [head] }

    package mutating func add(_ cells: String...) { rows.append(cells) }
    package mutating func add(_ cells: [String]) { rows.append(cells) }

    package var text: String {
        let columns = rows[0].count
        let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (cell, width) in zip(row, widths) {
                line += cell + String(repeating: " ", count: width - cell.count + 2)
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}
