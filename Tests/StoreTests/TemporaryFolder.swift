// SPDX-License-Identifier: Apache-2.0
import Foundation
import Store
import Testing

struct TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "swiftlet-store-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    func remove() {
        do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record(error) }
    }
}

func withStore(_ body: (Store) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let store = try Store(path: folder.path + "/swiftlet.db")
    try await body(store)
    try store.close()
}
