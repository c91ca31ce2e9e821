"""A scan opened for its job, or why it cannot be used."""

from __future__ import annotations

from qc.errors import ScanError
from qc.normalize.empty_glass import SERVES_NONE
from qc.normalize.open_page import NoResolution, OpenPage, open_page
from qc.reference.find import Reference
from qc.register.page_result import PageJob, PageResult
from qc.scan.scan_reader import ScanReader


def open_job(job: PageJob, reference: Reference | None, reader: ScanReader) -> tuple[PageResult, OpenPage | None]:
    """The open scan of a page, and the result to begin with; None and a result in error where it cannot be used."""
    trim = reference.trim if reference else None
    if job.scan.found == SERVES_NONE:
        error = f"{job.scan.name} shows no sheet, and {SERVES_NONE}: take it away, or scan the glass as the pages were"
        return PageResult(job, error=error), None
    try:
        page = open_page(job.scan, job.settings, job.profile, trim, job.dpi, reader)
    except ScanError as error:
        return PageResult(job, error=str(error), credible=not isinstance(error, NoResolution)), None
    size = (page.header.width_px, page.header.height_px)
    image = page.image
    begun = PageResult(
        job, resolution=page.resolution, size_px=size, u_scale=image.u_scale, u_local_mm=image.u_local_mm
    )
    return begun, page
