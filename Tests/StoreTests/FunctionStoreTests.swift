// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Store
import Testing

private let manifest = Digest(bytes: [UInt8](repeating: 1, count: 32))
private let time = Timestamp(milliseconds: 1_000)

private func content(_ description: String = "") -> FunctionContent {
    var configuration = FunctionConfiguration(image: "echo:1")
    configuration.description = description
    configuration.environment = ["A": "1"]
    return FunctionContent(configuration: configuration, manifest: manifest)
}

@Suite struct FunctionStoreTests {
    @Test func functionsAndVersionsSurviveARestart() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path + "/swiftlet.db"
        let tags = [FunctionTag(key: "k", value: "v")]
        let (created, version): (FunctionRecord?, PublishOutcome)
        do {
            let store = try Store(path: path)
            created = try await store.createFunction("echo", id: "1", content: content("x"), tags: tags, at: time)
            version = try await store.publishVersion(of: "echo", description: "first", at: time)
            try store.close()
        }
        let store = try Store(path: path)
        let read = try #require(try await store.function("echo"))
        #expect(read.configuration == created?.configuration && read.manifest == manifest && read.tags == tags && read.created == time)
        #expect(read.publishedRevision == read.revision && read.lastVersion == 1)
        guard case .published(let published) = version else { throw ServiceError.functionNotFound("echo") }
        #expect(try await store.version(1, of: "echo") == published)
        #expect(published.configuration == created?.configuration)
        try store.close()
    }

    @Test func aNameIsTakenOnce() async throws {
        try await withStore { (store) async throws in
            #expect(try await store.createFunction("echo", id: "1", content: content(), tags: [], at: time) != nil)
            #expect(try await store.createFunction("echo", id: "2", content: content(), tags: [], at: time) == nil)
            #expect(try await store.updateFunction("other", content: content(), at: time) == nil)
            #expect(try await store.deleteFunction("other") == false)
        }
    }

    @Test func aRevisionIsNeverGivenTwice() async throws {
        try await withStore { (store) async throws in
            var revisions: [Int64] = []
            for round in 0..<3 {
                revisions.append(
                    try #require(try await store.createFunction("echo", id: "\(round)", content: content(), tags: [], at: time)).revision)
                revisions.append(try #require(try await store.updateFunction("echo", content: content("new"), at: time)).revision)
                #expect(try await store.deleteFunction("echo"))
            }
            #expect(revisions == revisions.sorted() && Set(revisions).count == revisions.count)
        }
    }

    @Test func aVersionNumberIsNeverGivenTwice() async throws {
        try await withStore { (store) async throws in
            _ = try await store.createFunction("echo", id: "1", content: content(), tags: [], at: time)
            for number in 1...3 {
                guard case .published(let version) = try await store.publishVersion(of: "echo", description: "", at: time) else {
                    throw ServiceError.functionNotFound("echo")
                }
                #expect(version.number == number)
                #expect(try await store.publishVersion(of: "echo", description: "", at: time) == .unchanged(since: number))
                #expect(try await store.deleteVersion(number, of: "echo"))
                _ = try await store.updateFunction("echo", content: content("\(number)"), at: time)
            }
            #expect(try await store.publishVersion(of: "missing", description: "", at: time) == .functionMissing)
        }
    }

    @Test func aVersionIsFrozen() async throws {
        try await withStore { (store) async throws in
            _ = try await store.createFunction("echo", id: "1", content: content("old"), tags: [], at: time)
            _ = try await store.publishVersion(of: "echo", description: "", at: time)
            _ = try await store.updateFunction("echo", content: content("new"), at: time)
            #expect(try await store.version(1, of: "echo")?.configuration.description == "old")
        }
    }

    @Test func deletingAFunctionTakesItsVersions() async throws {
        try await withStore { (store) async throws in
            _ = try await store.createFunction("echo", id: "1", content: content(), tags: [], at: time)
            _ = try await store.publishVersion(of: "echo", description: "", at: time)
            #expect(try await store.deleteFunction("echo"))
            #expect(try await store.versions().isEmpty)
        }
    }

    @Test func listsAreInOrderAndInPages() async throws {
        try await withStore { (store) async throws in
            for name in ["b", "a-1", "a-2", "A", "a_3", "c"] {
                _ = try await store.createFunction(name, id: name, content: content(), tags: [], at: time)
            }
            #expect(try await store.functions().map(\.name) == ["A", "a-1", "a-2", "a_3", "b", "c"])
            #expect(try await store.functions(prefix: "a").map(\.name) == ["a-1", "a-2", "a_3"])
            #expect(try await store.functions(prefix: "a", after: "a-1", limit: 1).map(\.name) == ["a-2"])
            #expect(try await store.functions(prefix: "a%").isEmpty)
        }
    }
}
