// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import TarFixtures

/// A running swiftlet-inflate, the program itself.
final class Inflater {
    let process: Process
    let output: Pipe
    private let complaints: Pipe

    init(_ encoding: String, length: Int, limits: UnpackLimits = UnpackLimits(), input: Any) throws {
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let process = Process()
        process.executableURL = own.appendingPathComponent("swiftlet-inflate")
        process.arguments = ["0", "\(length)", encoding, "\(limits)"]
        process.standardInput = input
        (output, complaints) = try spawning {
            let pipes = (Pipe(), Pipe())
            (process.standardOutput, process.standardError) = pipes
            try process.run()
            return pipes
        }
        self.process = process
        // Ours must not keep the pipe open when the program has ended.
        try output.fileHandleForWriting.close()
    }

    /// Waits for its end.
    ///
    /// - Returns: its sentence; nil where it has done its work, or where nobody read on.
    func refusal() throws -> String? {
        try output.fileHandleForReading.close()
        let words = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return words.isEmpty ? nil : words.trimmingCharacters(in: .newlines)
    }
}
