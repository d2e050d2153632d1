// SPDX-License-Identifier: Apache-2.0

/// Puts a picture together. Widths are percentages, so that it fits any screen while its text keeps its size; colours come from the style sheet,
/// since the page's policy allows no style of its own.
struct SVG {
    private var body = ""
    let height: Int
    let label: String

    /// - Parameters:
    ///   - height: in pixels.
    ///   - label: what the picture says, for who does not see it.
    init(height: Int, label: String) {
        self.height = height
        self.label = label
    }

    /// - Parameters:
    ///   - x: of the left side, 0 to 100; `width` likewise.
    ///   - title: shown by a pointer that rests on it.
    mutating func bar(_ kind: String, x: Double, y: Double, width: Double, height: Double, title: String = "") {
        let hint = title.isEmpty ? "/>" : "><title>\(escapedHTML(title))</title></rect>"
        body +=
            "<rect class=\"\(kind)\" x=\"\(short(x))%\" y=\"\(short(y))\" width=\"\(short(max(0, width)))%\" height=\"\(short(max(0, height)))\" rx=\"2\"\(hint)"
    }

    mutating func line(_ kind: String, x1: Double, y1: Double, x2: Double, y2: Double) {
        body += "<line class=\"\(kind)\" x1=\"\(short(x1))%\" y1=\"\(short(y1))\" x2=\"\(short(x2))%\" y2=\"\(short(y2))\"/>"
    }

    enum Anchor: String { case start, middle, end }

    mutating func text(_ text: String, _ kind: String = "label", x: Double, y: Double, anchor: Anchor = .start) {
        body +=
            "<text class=\"\(kind)\" x=\"\(short(x))%\" y=\"\(short(y))\" text-anchor=\"\(anchor.rawValue)\">\(escapedHTML(text))</text>"
    }

    var markup: String {
        "<svg class=\"picture\" role=\"img\" aria-label=\"\(escapedHTML(label))\" width=\"100%\" height=\"\(height)\">\(body)</svg>"
    }
}

/// A text for between tags and for values in double quotes. Scalar by scalar: a quote with a combining mark behind it is a quote to a browser.
func escapedHTML(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
        switch scalar {
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "&": result += "&amp;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// A number with at most two digits after the point.
func short(_ value: Double) -> String {
    let hundredths = (value * 100).rounded()
    guard hundredths.isFinite, abs(hundredths) < 1e15 else { return "0" }
    let whole = Int(abs(hundredths)) / 100
    let rest = Int(abs(hundredths)) % 100
    let sign = hundredths < 0 ? "-" : ""
    if rest == 0 { return "\(sign)\(whole)" }
    return "\(sign)\(whole).\(rest < 10 ? "0\(rest)" : rest % 10 == 0 ? "\(rest / 10)" : "\(rest)")"
}

/// Milliseconds for people.
func milliseconds(_ value: Double) -> String { value >= 1000 ? "\(short(value / 1000)) s" : "\(short(value)) ms" }
