// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Images
import Logging
import Store
import Synchronization

/// Functions whose images are on their way. Source: Function Compute contract §5.1 (`state`, `lastUpdateStatus`).
extension Catalog {
    /// Notes what the function is to become, and begins to bring its image. The function is published by whoever calls this.
    func beginPreparing(_ function: String, _ configuration: FunctionConfiguration) async throws {
        guard let record = try await store.beginPreparation(of: function, configuration) else { return }
        prepare(record)
    }

    /// Brings the image in the background; an attempt before this one is given up.
    func prepare(_ record: PreparationRecord) {
        let task = Task { [self] in
            var failure: String?
            do {
                try await preparation.bring(record.configuration.image, for: record.configuration, of: record.function)
            } catch is CancellationError {
                return
            } catch { failure = (error as? ServiceError)?.message ?? "\(error)" }
            do {
                try await turns.run { [self, failure] in try await conclude(record, failure) }
            } catch {
                logger.error(
                    "what became of an image cannot be written down", metadata: ["function": "\(record.function)", "error": "\(error)"])
            }
        }
        preparing.withLock { $0.updateValue(task, forKey: record.function) }?.cancel()
    }

    /// In a turn of its own: the function becomes what it was to become, or stays what it is.
    private func conclude(_ record: PreparationRecord, _ failure: String?) async throws {
        guard try await store.preparation(of: record.function)?.number == record.number else { return }
        if let failure {
            _ = try await store.failPreparation(record, because: failure)
        } else {
            do {
                let kept = try await store.function(record.function)?.configuration.layers ?? []
                let content = try await content(record.function, record.configuration, keeping: kept)
                _ = try await store.updateFunction(record.function, content: content, at: now())
            } catch let error as ServiceError { _ = try await store.failPreparation(record, because: error.message) }
        }
        try await republish(record.function)
    }

    func stopPreparing(_ function: String) { preparing.withLock { $0.removeValue(forKey: function) }?.cancel() }

    /// Whether an image is to be brought from elsewhere.
    func mustBring(_ reference: String) async throws -> Bool {
        preparation.mustBring(reference, isHere: try await images.resolve(reference) != nil)
    }
}
