// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import Store

/// Host names whose paths lead to functions.
extension Catalog {
    /// Makes a domain from a CreateCustomDomainInput. It is in force when this returns.
    ///
    /// - Throws: ``ServiceError`` 409 `DomainNameAlreadyExists`, 404 `FunctionNotFound`, `VersionNotFound` or `AliasNotFound` for what its routes
    ///   name, and what ``CustomDomain`` throws.
    public func createDomain(_ input: [String: JSONValue]) async throws -> DomainRecord {
        let domain = try CustomDomain(creating: try checked(input))
        return try await turns.run { [self] in
            try await check(domain)
            guard let record = try await store.putDomain(try sealed(domain), creating: true, at: now()) else {
                throw ServiceError(
                    status: 409, code: "DomainNameAlreadyExists",
                    message: "domain '\(domain.name)' already exists; update it, or delete it first")
            }
            await routes.replace(domain: domain.name, with: domain)
            return record
        }
    }

    /// Changes a domain by an UpdateCustomDomainInput.
    ///
    /// - Throws: as ``createDomain(_:)``, and 404 `DomainNameNotFound`.
    public func updateDomain(_ name: String, _ input: [String: JSONValue]) async throws -> DomainRecord {
        try await turns.run { [self] in
            var domain = open(try await self.domain(name).domain)
            try domain.apply(try checked(input))
            try await check(domain)
            guard let record = try await store.putDomain(try sealed(domain), creating: false, at: now()) else {
                throw Self.domainNotFound(name)
            }
            await routes.replace(domain: domain.name, with: domain)
            return record
        }
    }

    /// - Throws: ``ServiceError`` 404 `DomainNameNotFound`.
    public func deleteDomain(_ name: String) async throws {
        try await turns.run { [self] in
            guard try await store.deleteDomain(name.lowercased()) else { throw Self.domainNotFound(name) }
            await routes.replace(domain: name.lowercased(), with: nil)
        }
    }

    /// - Throws: ``ServiceError`` 404 `DomainNameNotFound`.
    public func domain(_ name: String) async throws -> DomainRecord {
        guard let record = try await store.domain(name.lowercased()) else { throw Self.domainNotFound(name) }
        return record
    }

    /// A page of domains in the order of their names.
    public func domains(prefix: String, limit: Int, token: String?) async throws -> (domains: [DomainRecord], nextToken: String?) {
        let found = try await store.domains(prefix: prefix.lowercased(), after: token ?? "", limit: limit + 1)
        let page = Array(found.prefix(limit))
        return (page, found.count > limit ? page.last?.domain.name : nil)
    }

    /// What a domain must fit: what its routes lead to, and what this host can verify.
    private func check(_ domain: CustomDomain) async throws {
        if domain.reached != .http, let (field, reason) = certificates.refusal(of: domain.certificate) {
            throw ServiceError.invalidArgument("\(field): \(reason)")
        }
        if let reason = await authentication.refusal(of: domain.callers) {
            throw ServiceError.invalidArgument("authConfig.authType: \(reason)")
        }
        for route in domain.routes {
            guard try await store.function(route.function) != nil else { throw ServiceError.functionNotFound(route.function) }
            try await checkQualifier(route.qualifier, of: route.function)
        }
    }

    private static func domainNotFound(_ name: String) -> ServiceError {
        ServiceError(status: 404, code: "DomainNameNotFound", message: "domain '\(name)' does not exist")
    }
}

extension DomainRecord {
    /// The object `CustomDomain` of the API.
    public func json(_ host: HostIdentity) -> JSONValue {
        .object(
            domain.content.merging([
                "domainName": .string(domain.name), "accountId": .string(host.account), "apiVersion": "2023-03-30",
                "createdTime": .string(created.rfc3339), "lastModifiedTime": .string(modified.rfc3339),
            ]) { $1 })
    }
}
