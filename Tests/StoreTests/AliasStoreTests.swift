// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Store
import Testing

@Suite struct AliasStoreTests {
    private let time = Timestamp(milliseconds: 5)
    private let content = FunctionContent(
        configuration: FunctionConfiguration(image: "echo:1"), manifest: Digest(bytes: [UInt8](repeating: 7, count: 32)))

    @Test func aliasesAndTheirHistorySurviveARestart() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let share = try #require(TrafficShare(fraction: 0.1))
        var alias = FunctionAlias(name: "prod", version: "1", additional: .init(version: "2", share: share), sticky: .header("x-user"))
        let first = alias
        do {
            let store = try Store(path: folder.path + "/swiftlet.db")
            _ = try await store.createFunction("echo", id: "1", content: content, tags: [], at: time)
            #expect(try await store.putAlias(alias, of: "echo", creating: false, at: time) == nil)
            #expect(try await store.putAlias(alias, of: "echo", creating: true, at: time)?.number == 1)
            #expect(try await store.putAlias(alias, of: "echo", creating: true, at: time) == nil)
            (alias.version, alias.additional) = ("2", nil)
            #expect(try await store.putAlias(alias, of: "echo", creating: false, at: Timestamp(milliseconds: 9))?.number == 2)
            try store.close()
        }
        let store = try Store(path: folder.path + "/swiftlet.db")
        let record = try #require(try await store.alias("prod", of: "echo"))
        #expect(record.alias == alias && record.number == 2 && record.created == time && record.modified.milliseconds == 9)
        #expect(try await store.aliasChanges("prod", of: "echo").map(\.alias) == [alias, first])
        #expect(try await store.aliases().map(\.alias) == [alias])
        try store.close()
    }

    @Test func listsAreInOrderAndGoWithTheirFunction() async throws {
        try await withStore { (store) async throws in
            for function in ["a", "b"] {
                _ = try await store.createFunction(function, id: function, content: content, tags: [], at: time)
                for name in ["z", "x", "y1", "y2"] {
                    _ = try await store.putAlias(FunctionAlias(name: name, version: "1"), of: function, creating: true, at: time)
                }
            }
            func names(_ prefix: String = "", _ after: String = "", _ limit: Int? = nil) async throws -> [String] {
                try await store.aliases(of: "a", prefix: prefix, after: after, limit: limit).map(\.alias.name)
            }
            #expect(try await names() == ["x", "y1", "y2", "z"])
            #expect(try await names("y") == ["y1", "y2"])
            #expect(try await names("", "x", 2) == ["y1", "y2"])
            #expect(try await store.deleteAlias("x", of: "a"))
            #expect(try await !store.deleteAlias("x", of: "a"))
            #expect(try await store.deleteFunction("a"))
            #expect(try await names() == [])
            #expect(try await store.aliases().count == 4)
        }
    }

    @Test func theHistoryHasABound() async throws {
        try await withStore { (store) async throws in
            _ = try await store.createFunction("a", id: "a", content: content, tags: [], at: time)
            for number in 1...(Store.aliasHistory + 20) {
                _ = try await store.putAlias(FunctionAlias(name: "p", version: "\(number)"), of: "a", creating: number == 1, at: time)
            }
            let changes = try await store.aliasChanges("p", of: "a")
            #expect(changes.count == Store.aliasHistory && changes.first?.number == Store.aliasHistory + 20)
        }
    }
}
