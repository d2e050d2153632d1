// SPDX-License-Identifier: Apache-2.0
// Writes functions and versions until it is killed, and says on standard output what it was told is done: one `function NAME` or `version NAME NUMBER`
// a line, written after the store has answered. What it has said must be there when the file is opened again.
import FunctionModel
import Glibc
import Store

/// Straight to the descriptor: what lay in a buffer would be lost with the process, and nobody would miss it.
func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    guard write(STDOUT_FILENO, bytes, bytes.count) == bytes.count else { exit(1) }
}

let store = try Store(path: CommandLine.arguments[1])
let manifest = Digest(bytes: [UInt8](repeating: 7, count: 32))
for index in 0... {
    let name = "f\(CommandLine.arguments[2])-\(index)"
    var configuration = FunctionConfiguration(image: "echo:1")
    configuration.description = name
    let content = FunctionContent(configuration: configuration, manifest: manifest)
    let time = Timestamp(milliseconds: Int64(index))
    _ = try await store.createFunction(name, id: name, content: content, tags: [], at: time)
    say("function \(name)")
    if case .published(let version) = try await store.publishVersion(of: name, description: "d", at: time) {
        say("version \(name) \(version.number)")
    }
}
