// SPDX-License-Identifier: Apache-2.0
import Sandbox

/// The first byte says what the rest is: a message to the launcher, one from it, or a user to look up in an image's files. What is accepted must be
/// the same when it is sent on.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    switch start[0] % 3 {
    case 0:
        guard let request = try? LauncherRequest(decoding: bytes[...]) else { return 0 }
        guard (try? LauncherRequest(decoding: request.encoded()[...])) == request else { fatalError("\(request) changes on its way") }
    case 1:
        guard let event = try? LauncherEvent(decoding: bytes[...]) else { return 0 }
        guard (try? LauncherEvent(decoding: event.encoded()[...])) == event else { fatalError("\(event) changes on its way") }
    default: lookUp(bytes)
    }
    return 0
}

/// Name, passwd and group, with zero bytes between them.
private func lookUp(_ bytes: [UInt8]) {
    let parts = bytes.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false).map(Array.init) + [[], []]
    guard let user = try? ImageUser(String(decoding: parts[0], as: UTF8.self), passwd: parts[1], group: parts[2]) else { return }
    for id in [user.user, user.group] + user.groups where id > ImageUser.highest { fatalError("\(id) is beyond the highest id") }
}
