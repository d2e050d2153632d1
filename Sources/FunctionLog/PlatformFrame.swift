// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// What all marks of the calls on one instance have in common. It stands in each file once before the first of them, as a line of its own: a letter, its
/// number, and a line of the log that lacks time, request and message.
struct PlatformFrame: Sendable {
    static let letter: UInt8 = 0x46
    /// Digits of a number, hexadecimal.
    static let digits = 8

    let number: UInt32
    /// The number's digits as they lie in memory.
    let numberText: UInt64
    /// With its line feed.
    let line: [UInt8]

    /// - Parameter number: no other of the writer's has it.
    init(number: UInt32, version: String, instance: InstanceID) {
        self.number = number
        numberText = hexDigits(number)
        var bytes = [Self.letter]
        withUnsafeBytes(of: numberText) { bytes.append(contentsOf: $0) }
        LogLine(time: "", stream: .platform, version: version, instance: instance, request: nil, message: "").write(to: &bytes)
        line = bytes
    }

    /// Reads a line of a file without its line feed.
    ///
    /// - Returns: nil for what is no whole frame.
    static func read(_ line: ArraySlice<UInt8>) -> (number: UInt32, common: LogLine)? {
        guard line.first == letter, line.count > 1 + digits, let number = UInt64(hexadecimal: line.dropFirst().prefix(digits)) else {
            return nil
        }
        // Half a frame, left by a host that was killed while writing: the marks that would need it were not written.
        do { return (UInt32(truncatingIfNeeded: number), try LogLine(json: line.dropFirst(1 + digits))) } catch { return nil }
    }
}
