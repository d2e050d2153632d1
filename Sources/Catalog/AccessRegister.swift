// SPDX-License-Identifier: Apache-2.0
public import Access
public import FunctionModel
public import Store

/// The access keys and roles of the host. Each change is on disk, and the next request is checked by it, before it is answered.
public final class AccessRegister: Sendable {
    public let authority: AccessAuthority
    private let store: Store
    /// Seals what must be read again.
    public let box: SecretBox
    private let turns = TurnQueue()
    private let now: @Sendable () -> Timestamp

    /// - Parameter authority: is given the keys and roles, at the start and after each change.
    public init(store: Store, box: SecretBox, authority: AccessAuthority, now: @escaping @Sendable () -> Timestamp) {
        self.store = store
        self.box = box
        self.authority = authority
        self.now = now
    }

    /// Reads what is stored. Call it once, before anything is served.
    ///
    /// - Throws: ``ServiceError`` where a secret cannot be opened: the key file is another one than it was.
    public func start() async throws { try await publish() }

    public func keys() async throws -> [AccessKeyRecord] { try await store.accessKeys() }
    public func roles() async throws -> [AccessRoleRecord] { try await store.accessRoles() }

    /// Makes a key. Its secret is told this once, and never again.
    ///
    /// - Throws: ``ServiceError`` 400 `InvalidArgument`; also for a first key with which nobody could make a second.
    public func createKey(_ input: [String: JSONValue]) async throws -> (record: AccessKeyRecord, secret: String) {
        let policy = try AccessPolicy(input)
        let description = input["description"] ?? ""
        guard let text = description.string, text.utf8.count <= FunctionLimits.descriptionBytes else {
            throw ServiceError.invalid(
                "description", description, "it must be a string of at most \(FunctionLimits.descriptionBytes) bytes")
        }
        return try await turns.run { [self] in
            if try await store.accessKeys().isEmpty, !policy.isEverything {
                throw ServiceError.invalidArgument(
                    "allow, functions: the first key must be able to manage all functions, or nobody could make another")
            }
            let (id, secret) = ("SWFT" + AccessWords.random(20), AccessWords.random(40))
            let record = AccessKeyRecord(
                id: id, secret: try box.seal(secret, for: id), description: text, policy: policy.json, created: now())
            try await store.add(record)
            try await publish()
            return (record, secret)
        }
    }

    /// - Parameter opening: whether the very last key may go, and the host with it ask for none any more. That must be meant: a key is often revoked
    ///   because somebody has it who should not.
    /// - Throws: ``ServiceError`` 404 `AccessKeyNotFound`, 409 `AccessKeyInUse` for the last key that can manage all.
    public func revokeKey(_ id: String, opening: Bool) async throws {
        try await turns.run { [self] in
            let keys = try await store.accessKeys()
            guard keys.contains(where: { $0.id == id }) else { throw Self.notFound("AccessKeyNotFound", "access key '\(id)'") }
            let others = keys.filter { $0.id != id }
            guard !others.isEmpty || opening else {
                throw ServiceError(
                    status: 409, code: "AccessKeyInUse",
                    message: "access key '\(id)' is the last one, and without any whoever reaches the host may do everything; "
                        + "make another key first, or say that it is meant (open=true, key revoke --open)")
            }
            guard try others.isEmpty || others.contains(where: { try AccessPolicy($0.policy).isEverything }) else {
                throw ServiceError(
                    status: 409, code: "AccessKeyInUse",
                    message:
                        "access key '\(id)' is the last one that can manage everything; revoke the others first, or make another like it")
            }
            _ = try await store.removeAccessKey(id)
            try await publish()
        }
    }

    /// Makes a role, or gives it another policy.
    ///
    /// - Throws: ``ServiceError`` 400 `InvalidArgument`.
    public func putRole(_ name: String, _ input: [String: JSONValue]) async throws -> AccessRoleRecord {
        try FunctionName.check(name)
        let policy = try AccessPolicy(input)
        return try await turns.run { [self] in
            let role = AccessRoleRecord(name: name, policy: policy.json, created: now())
            try await store.put(role)
            try await publish()
            return role
        }
    }

    /// - Throws: ``ServiceError`` 404 `RoleNotFound`.
    public func deleteRole(_ name: String) async throws {
        try await turns.run { [self] in
            guard try await store.removeAccessRole(name) else { throw Self.notFound("RoleNotFound", "role '\(name)'") }
            try await publish()
        }
    }

    private func publish() async throws {
        var keys: [AccessKey] = []
        for record in try await store.accessKeys() {
            guard let secret = box.open(record.secret, for: record.id) else {
                throw ServiceError(
                    status: 500, code: "InternalServerError",
                    message:
                        "the secret of access key '\(record.id)' cannot be opened: secrets.key in the state directory is not the one it was sealed with"
                )
            }
            keys.append(AccessKey(id: record.id, secret: secret, policy: try AccessPolicy(record.policy)))
        }
        var roles: [String: AccessPolicy] = [:]
        for role in try await store.accessRoles() { roles[role.name] = try AccessPolicy(role.policy) }
        authority.replace(keys: keys, roles: roles)
    }

    private static func notFound(_ code: String, _ thing: String) -> ServiceError {
        ServiceError(status: 404, code: code, message: "\(thing) does not exist")
    }
}

extension AccessKeyRecord {
    /// What is shown of a key: everything but its secret.
    public var json: JSONValue {
        .object(
            policy.merging([
                "accessKeyId": .string(id), "description": .string(description), "createdTime": .string(created.rfc3339),
            ]) { $1 })
    }
}

extension AccessRoleRecord {
    public var json: JSONValue { .object(policy.merging(["name": .string(name), "createdTime": .string(created.rfc3339)]) { $1 }) }
}
