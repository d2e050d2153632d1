// SPDX-License-Identifier: Apache-2.0
import Foundation

private let turn = NSLock()

/// Makes a program's pipes and starts it, one program at a time in the whole test process.
///
/// Foundation closes in the new process the descriptors that were open a moment before. A pipe that another thread makes in that moment stays open
/// in a program that knows nothing of it, and who reads that pipe to its end then waits for the end of the wrong program.
public func spawning<Value>(_ body: () throws -> Value) rethrows -> Value {
    turn.lock()
    defer { turn.unlock() }
    return try body()
}
