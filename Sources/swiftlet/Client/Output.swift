// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Glibc

/// The two streams of the command line: results on stdout, everything said on the way on stderr.
enum Output {
    static func out(_ text: String) throws { try write(Array(text.utf8), to: STDOUT_FILENO) }

    static func bytes(_ bytes: some Collection<UInt8>) throws { try write(Array(bytes), to: STDOUT_FILENO) }

    /// A JSON answer as it came, with a line end.
    static func json(_ data: Data) throws { try write(Array(data) + (data.last == 10 ? [] : [10]), to: STDOUT_FILENO) }

    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try json(try encoder.encode(value))
    }

    static func note(_ text: String) throws { try write(Array("\(text)\n".utf8), to: STDERR_FILENO) }

    static func note(unfinished text: String) throws { try write(Array(text.utf8), to: STDERR_FILENO) }

    private static func write(_ bytes: [UInt8], to descriptor: CInt) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw CommandFailure("cannot write the output: \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(count)
        }
    }
}

/// A number of bytes for people: `4.2 MB`, with powers of ten.
package func sizeText(_ bytes: Int) -> String {
    var value = Double(bytes)
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if value < 1000 || unit == "TB" { return unit == "B" ? "\(bytes) B" : "\(decimal(value, 1)) \(unit)" }
        value /= 1000
    }
    return "\(bytes) B"
}

/// A number with `places` digits after the point.
package func decimal(_ value: Double, _ places: Int) -> String {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled.isFinite, scaled < 1e15 else { return "\(value)" }
    let whole = Int(scaled) / Int(scale)
    let rest = String(Int(scaled) % Int(scale))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    return places == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(String(repeating: "0", count: places - rest.count))\(rest)"
}

/// A text of unknown origin for a terminal: control characters but tab and line feed are shown as `\x1b`, so that a function's log cannot steer it.
package func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
        if isControl(scalar) {
            let digits = String(scalar.value, radix: 16)
            result += "\\x" + (digits.count < 2 ? "0" : "") + digits
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 9, 10: false
    case ..<32, 127..<160: true
    default: false
    }
}
