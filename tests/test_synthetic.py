"""The drawing is the truth of all other tests, so it is held to its own: by areas, centroids and files, not by `qc`."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image, ImageOps

import qc.synthetic
from qc import units
from qc.synthetic import (
    Block,
    Cut,
    Faults,
    Kind,
    Print,
    Scanner,
    draw_copy,
    draw_scan,
    sample_conditions,
    write_scan,
    write_title,
)
from qc.synthetic.design import typeset
from qc.synthetic.press import print_page

TRIM = (76.2, 101.6)
# Linear, without noise: areas in the picture are areas on the glass.
PURE = Scanner(
    texture=0, shot=0, read=0, tone="gamma", gamma=1.0, exposure=1.0, mode="gray", bits=16, format="tiff", blur_px=0.6
)


def rng(seed=0):
    return np.random.default_rng(seed)


def page(kind, number=1, **how):
    return typeset([kind], trim_mm=TRIM, first_number=number, **how)[0]


def edge_errors_mm(image, truth):
    """Where each edge of a blank leaf is drawn minus where the truth says: the area up to it, row by row."""
    middle = image[image.shape[0] // 2, image.shape[1] // 2] / 65535
    share = (image / 65535 - 0.03) / (middle - 0.03)
    corners = truth.corners_px
    errors = {}
    for name, ends, flip in (("left", (0, 3), 1), ("right", (1, 2), -1), ("top", (0, 1), 1), ("bottom", (3, 2), -1)):
        turned = name in ("top", "bottom")
        view = share.T if turned else share
        a, b = (corners[i][::-1] if turned else corners[i] for i in ends)
        rows = np.arange(int(max(a[1], 0)) + 120, int(b[1]) - 120)
        half = view.shape[1] // 2
        drawn = half - 0.5 - view[rows, :half].sum(1) if flip > 0 else half - 0.5 + view[rows, half:].sum(1)
        stated = a[0] + (rows - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
        errors[name] = (drawn - stated) * units.mm_per_px(300)
    return errors


@pytest.mark.parametrize("skew, tail, number", [(0, 0, 1), (0.3, 0.06, 2), (-2, 0, 1), (5, 0.06, 2)])
def test_cut_edges_are_drawn_where_the_truth_says(skew, tail, number):
    cut = Cut(0.5, -0.7, 0.2, -1.1, taper_mm=(0.2, -0.3, 0.1, 0.4), roughness_mm=0)
    scanner = replace(PURE, skew_deg=skew, tail=tail, shear=0.001, scale_y=1.002)
    image, truth = draw_scan(page("blank", number), Print(), cut, scanner, rng())
    for name, error in edge_errors_mm(image, truth).items():
        assert np.abs(error).max() < 0.002, name


def test_a_rough_edge_keeps_its_mean():
    image, truth = draw_scan(page("blank"), Print(), Cut(roughness_mm=0.02), replace(PURE, skew_deg=1), rng())
    for name, error in edge_errors_mm(image, truth).items():
        assert abs(error.mean()) < 0.005, name
        assert 0.01 < error.std() < 0.03, name


@pytest.mark.parametrize("dpi", [200, 300, 400])
@pytest.mark.parametrize("number, turns", [(1, 0), (2, 1), (1, 2), (2, 3)])
def test_print_is_drawn_where_the_map_says(dpi, number, turns):
    dots = page("dot-grid", number, bleed=True)
    how = Print(dx_mm=0.37, dy_mm=-0.2, rotation_deg=0.2, scale_x=1.002, scale_y=0.999)
    scanner = replace(PURE, dpi=dpi, skew_deg=1.2, turns=turns, scale_x=1.003)
    image, truth = draw_scan(dots, how, Cut(), scanner, rng())
    assert (image.shape[1], image.shape[0]) == truth.size_px
    x0, y0 = dots.origin_mm
    grid = [(x, y) for x in np.arange(x0 + 2.5, TRIM[0], 5) for y in np.arange(y0 + 2.5, TRIM[1], 5)]
    grid = [(x, y) for x, y in grid if 5 < x < TRIM[0] - 5 and 5 < y < TRIM[1] - 5]
    reach = round(0.7 * units.px_per_mm(dpi))
    errors = []
    for x, y in np.array(grid) @ truth.to_scan[:, :2].T + truth.to_scan[:, 2]:
        column, row = round(x), round(y)
        dark = image[row - reach : row + reach + 1, column - reach : column + reach + 1].astype(float)
        dark = np.clip(dark[0].mean() - dark - 5, 0, None)
        at = np.arange(-reach, reach + 1)
        centroid = (dark.sum(0) * at).sum() / dark.sum(), (dark.sum(1) * at).sum() / dark.sum()
        errors.append((column + centroid[0] - x, row + centroid[1] - y))
    errors_mm = np.array(errors) * units.mm_per_px(dpi)
    assert np.abs(errors_mm.mean(axis=0)).max() < 0.001
    assert np.abs(errors_mm).max() < 0.01


@pytest.mark.parametrize("number, left, right", [(1, "spine", "fore-edge"), (2, "fore-edge", "spine")])
def test_a_shifted_print_leaves_paper_behind_it(number, left, right):
    _, truth = draw_scan(page("text", number), Print(dx_mm=0.5, dy_mm=0.2), Cut(), PURE, rng())
    assert truth.offsets_mm == pytest.approx({left: 0.5, right: -0.5, "head": 0.2, "tail": -0.2})


def test_offsets_are_in_millimeters_of_the_design():
    _, truth = draw_scan(page("text"), Print(scale_x=1.01), Cut(fore_edge_mm=2.0, spine_mm=2.0), PURE, rng())
    short = (TRIM[0] / 2 + 2.0) / 1.01 - TRIM[0] / 2
    assert truth.offsets_mm["fore-edge"] == pytest.approx(short) == truth.offsets_mm["spine"]


def test_cropping_and_position():
    whole, truth = draw_scan(page("blank"), Print(), Cut(), replace(PURE, margin_mm=(5, 6, 7, 8)), rng())
    assert truth.corners_px[0] == pytest.approx([5 * 300 / units.MM_PER_INCH - 0.5, 6 * 300 / units.MM_PER_INCH - 0.5])
    cropped, _ = draw_scan(page("blank"), Print(), Cut(), replace(PURE, margin_mm=(-1, -1, -1, -1)), rng())
    assert whole[3, 3] < 0.1 * 65535 < 0.7 * 65535 < cropped.min()


def test_same_seed_same_picture():
    first, second, other = (
        draw_scan(page("text"), *sample_conditions(rng(3), "gray"), rng(seed))[0] for seed in (1, 1, 2)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("backing, low, high", [("black", 0, 0.1), ("gray", 0.08, 0.6), ("white", 0.7, 1.0)])
def test_sampled_conditions_stay_in_their_stratum(backing, low, high):
    conditions = [sample_conditions(rng(seed), backing) for seed in range(50)]
    assert all(low < min(s.backing) and max(s.backing) < high for _, _, s in conditions)
    assert max(abs(c.fore_edge_mm) for _, c, _ in conditions) > 3
    assert {s.mode for _, _, s in conditions} == {"color", "gray"}
    with pytest.raises(ValueError, match="use black, gray or white"):
        sample_conditions(rng(), "blue")


def test_title_is_a_pdf_of_the_stated_size(tmp_path):
    for how, size, left in (
        ({}, TRIM, 0),
        ({"bleed": True}, (TRIM[0] + 3.175, TRIM[1] + 6.35), 0),
        ({"trim_box": True}, (TRIM[0] + 6.35, TRIM[1] + 6.35), -3.175),
    ):
        title = write_title(tmp_path / "t" / "interior.pdf", list(Kind), trim_mm=TRIM, seed=5, **how)
        document = pypdfium2.PdfDocument(title.path)
        assert len(document) == len(title.pages) == len(Kind)
        assert units.to_mm(document[0].get_width() / 72, "in") == pytest.approx(size[0], abs=0.01)
        assert units.to_mm(document[0].get_height() / 72, "in") == pytest.approx(size[1], abs=0.01)
        assert title.pages[0].origin_mm[0] == left
        trim_box = document[0].get_trimbox(fallback_ok=False)
        assert (trim_box is not None) == ("trim_box" in how)
        text = {p.kind: document[p.index].get_textpage().get_text_range().split() for p in title.pages}
        assert not text[Kind.BLANK] and text[Kind.FOLIO_ONLY] == [str(list(Kind).index(Kind.FOLIO_ONLY) + 1)]
        assert len(text[Kind.TEXT]) > 80 > 40 > len(text[Kind.THREE_LINES]) > 8
        document.close()


def test_bleed_lies_on_the_outside_of_both_sides():
    assert page("blank", 1, bleed=True).origin_mm[0] == 0
    assert page("blank", 2, bleed=True).origin_mm[0] == -3.175


def test_pages_and_titles_differ():
    texts = [typeset(["text"] * 2, trim_mm=TRIM, seed=seed) for seed in (1, 2)]
    sheets = [print_page(p, Print(), 100, rng(), color=False) for pages in texts for p in pages]
    for i in range(4):
        for j in range(i):
            assert np.mean(sheets[i] != sheets[j]) > 0.02


@pytest.mark.parametrize("kind", ["am", "fm"])
def test_a_screen_keeps_the_tone_in_the_mean(kind):
    picture = page("picture")
    box = np.s_[60:160, 60:240]
    flat = print_page(picture, Print(gain=0), 200, rng())
    dots = print_page(picture, Print(gain=0, halftone=kind, lpi=106), 200, rng())
    assert dots[box].std() > 1.05 * flat[box].std()
    assert dots[box].mean((0, 1)) == pytest.approx(flat[box].mean((0, 1)), rel=0.08)


def test_printing_faults_show_where_they_were_put():
    sheet = page("bleed-mixed")

    def printed(**fault):
        return print_page(sheet, Print(**fault), 100, rng()).astype(float) / 65535

    sound = printed()
    white = np.array(Print().paper)
    per_mm = units.px_per_mm(100)
    missing = printed(missing=((20, 30, 40, 50),))
    inside = np.s_[round(31 * per_mm) : round(49 * per_mm), round(21 * per_mm) : round(39 * per_mm)]
    assert missing[inside] == pytest.approx(np.broadcast_to(white, missing[inside].shape), abs=1e-4)
    assert np.array_equal(missing[: round(29 * per_mm)], sound[: round(29 * per_mm)])
    streak = printed(streaks=((38.0, 1.0, 0.0),))
    assert streak[:, round(38 * per_mm)] == pytest.approx(np.broadcast_to(white, sound[:, 0].shape), abs=1e-3)
    assert printed(lost="cyan")[:, :, 0].mean() > sound[:, :, 0].mean() + 0.02
    assert printed(strength=(1, 1.2, 1))[:, :, 1].mean() < sound[:, :, 1].mean() - 0.01
    faded = printed(fade=0.4) - sound
    assert faded[:, -20:].mean() > 4 * faded[:, :20].mean() > 0
    assert printed(spots=((30, 30, 2),))[round(30 * per_mm), round(30 * per_mm)].max() < 0.05


def test_shadow_lies_outside_and_ends_at_the_corners():
    bright = replace(PURE, backing=(0.8, 0.8, 0.8))
    shadow = replace(bright, shadow_edges=("right",), shadow_depth=0.5, shadow_mm=0.5)
    plain, truth = draw_scan(page("blank"), Print(), Cut(roughness_mm=0), bright, rng())
    shaded, _ = draw_scan(page("blank"), Print(), Cut(roughness_mm=0), shadow, rng())
    ratio = shaded / plain
    edge = round(truth.corners_px[1][0])
    middle = ratio.shape[0] // 2
    assert ratio[middle, edge + 3] < 0.75 < 0.99 < ratio[middle, edge + 40]
    assert ratio[middle, edge - 5] == pytest.approx(1, abs=1e-3)
    assert ratio[5].min() > 0.99


def test_show_through_is_the_mirrored_other_side():
    front, back = typeset(["blank", "bleed-dark"], trim_mm=TRIM, bleed=True)
    plain, _ = draw_scan(front, Print(), Cut(), PURE, rng())
    seen, truth = draw_scan(front, Print(show_through=0.1), Cut(), PURE, rng(), back)
    inside = np.s_[200:-200, 200:-200]
    assert (seen[inside] / plain[inside]).mean() == pytest.approx(0.9, abs=0.02)
    assert truth.kind == "blank"


def test_dog_ear_takes_the_corner_at_head_and_fore_edge():
    for number, corner in ((1, 1), (2, 0)):
        image, truth = draw_scan(page("blank", number), Print(), Cut(dog_ear_mm=8), PURE, rng())
        dark = [
            image[tuple(np.round(c + 0.03 * (truth.corners_px.mean(0) - c)).astype(int)[::-1])] < 0.2 * 65535
            for c in truth.corners_px
        ]
        assert dark == [i == corner for i in range(4)]


def test_other_things_on_the_glass_stay_off_the_leaf():
    wide = replace(PURE, margin_mm=(8, 8, 25, 8))
    sheet, cut = page("text"), Cut(roughness_mm=0)
    alone, truth = draw_scan(sheet, Print(), cut, wide, rng())
    image, _ = draw_scan(sheet, Print(), cut, replace(wide, ruler=True, stack_mm=2), rng())
    edge = round(truth.corners_px[1][0])
    per_mm = units.px_per_mm(300)
    row = image.shape[0] // 2
    assert np.array_equal(image[:, : edge - 8], alone[:, : edge - 8])
    assert image[row, edge + 4 : round(edge + 1.8 * per_mm)].min() > 0.3 * 65535
    assert image[row, round(edge + 2.3 * per_mm) : round(edge + 2.7 * per_mm)].max() < 0.05 * 65535
    assert image[row, -20] == pytest.approx(0.55 * 65535, rel=0.02)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_shows_the_picture_as_drawn(tmp_path, orientation):
    image = rng().integers(0, 255, (32, 48, 3), dtype=np.uint8)
    scanner = Scanner(format="png", exif_orientation=orientation)
    with Image.open(write_scan(tmp_path / "s.png", image, scanner)) as stored:
        assert np.array_equal(np.asarray(ImageOps.exif_transpose(stored)), image)


@pytest.mark.parametrize(
    "how, mode",
    [
        ({"format": "jpeg"}, "RGB"),
        ({"format": "png", "mode": "gray"}, "L"),
        ({"format": "tiff", "compression": "lzw"}, "RGB"),
        ({"format": "tiff", "compression": "g4", "mode": "bitonal"}, "1"),
        ({"format": "tiff", "bits": 16, "mode": "gray", "compression": "deflate"}, "I;16"),
    ],
)
def test_files_are_what_the_scanner_says(tmp_path, how, mode):
    scanner = Scanner(dpi=100, **how)
    image, truth = draw_scan(page("text"), Print(), Cut(), scanner, rng())
    for tag, stated in ((0.0, 100), (72.0, 72), (None, None)):
        with Image.open(write_scan(tmp_path / "s", image, replace(scanner, dpi_tag=tag))) as stored:
            assert stored.mode == mode
            assert stored.size == truth.size_px
            dpi = stored.info.get("dpi")
            assert dpi is None or stated is None or dpi[0] == pytest.approx(stated, abs=0.1)
            if stated is not None:
                assert dpi is not None


def test_a_copy_with_faults(tmp_path):
    title = write_title(tmp_path / "a.pdf", ["text"] * 6, trim_mm=TRIM)
    other = typeset(["text"] * 6, trim_mm=TRIM, seed=9)
    scanner = Scanner(dpi=100, format="png")
    faults = Faults(
        prints={1: Print(missing=((10, 10, 40, 40),))},
        foreign={2: other[1]},
        left_out=(4,),
        twice=(5,),
        upside_down=(6,),
    )
    cut = Cut(head_mm=0.3, fore_edge_mm=-3.6)
    block = Block(cut=cut, x_sd_mm=0.02, y_sd_mm=0.02, rotation_sd_deg=0, duplex_mm=(0.0, 0.4))
    copy = draw_copy(
        tmp_path / "copy", title, block=block, scanner=scanner, faults=faults, blanks=2, imprint=["Made"], seed=1
    )
    assert [p.page for p in copy.pages] == [1, None, 3, 5, 5, 6, None, None, None]
    assert [p.file.name for p in copy.pages] == [f"p-{i:04d}.png" for i in range(1, 10)]
    assert sorted(copy.folder.iterdir()) == [p.file for p in copy.pages]
    assert [p.truth.kind for p in copy.pages[-3:]] == [Kind.BLANK, Kind.BLANK, Kind.IMPRINT]
    assert [p.truth.turns for p in copy.pages] == [0, 0, 0, 0, 0, 2, 0, 0, 0]
    assert copy.nominal_mm["fore-edge"] == -3.6
    recto, verso = copy.pages[2].truth, copy.pages[5].truth
    assert recto.recto and not verso.recto
    for truth in (recto, verso):
        assert truth.offsets_mm["fore-edge"] == pytest.approx(-3.6, abs=0.1)
    assert verso.offsets_mm["head"] - recto.offsets_mm["head"] == pytest.approx(0.4, abs=0.1)
    own = [p.truth.offsets_mm["head"] for p in copy.pages if p.page]
    assert copy.block_mm["head"] == pytest.approx(np.mean(own))


def test_part_of_a_copy(tmp_path):
    title = write_title(tmp_path / "a.pdf", ["text"] * 4, trim_mm=TRIM)
    copy = draw_copy(tmp_path / "copy", title, scanner=Scanner(dpi=100), pages=[3, 4], name="scan {}")
    assert [(p.page, p.file.name) for p in copy.pages] == [(3, "scan 1.jpg"), (4, "scan 2.jpg")]


def test_wrong_arguments_say_what_is_allowed(tmp_path):
    with pytest.raises(ValueError, match="at least one page"):
        write_title(tmp_path / "a.pdf", [])
    with pytest.raises(ValueError, match="'am' or 'fm'"):
        draw_scan(page("text"), Print(halftone="pm"), Cut(), replace(PURE, dpi=100), rng())
    with pytest.raises(ValueError, match="exponential, gaussian"):
        draw_scan(page("text"), Print(), Cut(), replace(PURE, shadow_edges=("top",), shadow_shape="flat"), rng())
    with pytest.raises(ValueError, match="TIFF only"):
        write_scan(tmp_path / "s.png", np.zeros((4, 4), np.uint16), replace(PURE, format="png"))


def test_the_drawing_knows_nothing_of_the_measuring():
    for file in Path(qc.synthetic.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom):
                names = [node.module] if node.module != "qc" else [f"qc.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            assert node.level == 0 if isinstance(node, ast.ImportFrom) else True
            for name in names:
                assert not name.startswith("qc.") or name == "qc.units" or name.startswith("qc.synthetic"), file
